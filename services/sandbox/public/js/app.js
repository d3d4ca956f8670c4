import { clearMessages, getAddresses, listMessages, watch } from './api.js';
import { attempt } from './attempt.js';
import { refreshBehaviours, setUpBehaviours } from './behaviours.js';
import { renderChannels, setUpChannels } from './channels.js';
import { setUpConnect } from './connect.js';
import { followShown, showMessage, showPlaceholder, showWelcome } from './detail.js';
import { byId } from './dom.js';
import { plural } from './format.js';
import { markSelected, refreshTimes, renderList } from './list.js';
import { poller } from './poller.js';
import { refreshSignedIn, setUpSignedIn, showSignedIn } from './signed-in.js';

const PAGE = 50;
const wide = matchMedia('(min-width: 861px)');
const state = { channel: '', q: '', limit: PAGE, total: null, selectedId: null, shownStatus: null };
const addresses = await getAddresses();
let counts = {};

const refresh = poller(async () => {
  const { channel, q, limit } = state;
  const { items, total } = await listMessages({ channel, q, limit });
  // The filter has changed meanwhile: the next run, asked for already, shows what fits it.
  if (channel !== state.channel || q !== state.q) return;
  renderList({ items, total, filter: state, selectedId: state.selectedId });
  followSelected(items);
  if (channel === '' && q === '') noticeTotal(total, items);
});

/** An open SMS is shown again when its status has moved on from what is shown. */
function followSelected(items) {
  const item = items.find(({ id }) => id === state.selectedId);
  if (item?.channel !== 'sms' || state.shownStatus === null) return;
  if (item.status !== state.shownStatus) attempt(() => openMessage(item.id));
}

async function openMessage(id) {
  const message = await showMessage(id);
  if (id === state.selectedId) state.shownStatus = message?.status ?? null;
}

/** The first message to arrive opens by itself, where there is room for it beside the list. */
function noticeTotal(total, items) {
  const before = state.total;
  state.total = total;
  if (before !== null && total > before) announce(`${plural(total - before, 'new message')}`);
  if (state.selectedId !== null) return;
  if (total === 0 && before !== 0) showWelcome(addresses);
  else if (total === 0) return;
  else if (before === 0 && wide.matches) location.hash = `#/${items[0].id}`;
  else if (before === null || before === 0) showPlaceholder();
}

let announcedAt = 0;
/** For screen readers, but not a flood of it. */
function announce(text) {
  if (Date.now() - announcedAt < 5000) return;
  announcedAt = Date.now();
  byId('announcer').textContent = text;
}

function readHash() {
  const id = /^#\/(.+)$/.exec(location.hash)?.[1] ?? null;
  const left = state.selectedId;
  state.selectedId = id;
  state.shownStatus = null;
  document.body.classList.toggle('reading', id !== null);
  markSelected(id);
  if (id !== null) {
    attempt(() => openMessage(id));
    // The list goes from a narrow screen, and with it what had the focus.
    if (!wide.matches) byId('detail').focus();
    refresh();
  } else {
    if (state.total === 0) showWelcome(addresses);
    else showPlaceholder();
    if (left !== null) document.querySelector(`[data-id="${CSS.escape(left)}"]`)?.focus();
  }
}

async function clearEverything() {
  await clearMessages();
  location.hash = '#/';
  refresh();
}

function setUpTools() {
  const search = byId('search');
  search.addEventListener('input', () => {
    state.q = search.value.trim();
    state.limit = PAGE;
    refresh();
  });
  byId('more').addEventListener('click', () => {
    state.limit += PAGE;
    refresh();
  });
  byId('toggle-theme').addEventListener('click', () => {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem('herald-theme', root.dataset.theme);
  });
  const ask = byId('ask-clear');
  byId('clear').addEventListener('click', () => ask.showModal());
  ask.addEventListener('close', () => {
    if (ask.returnValue === 'yes') attempt(clearEverything);
    ask.returnValue = '';
  });
  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest('input, select, textarea, dialog');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === 'Escape' && !typing && state.selectedId !== null) location.hash = '#/';
  });
}

function showLive(up) {
  const live = byId('live');
  live.classList.toggle('down', !up);
  live.querySelector('.live-text').textContent = up ? 'Live' : 'Reconnecting';
}

setUpTools();
setUpConnect(addresses);
setUpBehaviours();
setUpChannels((channel) => {
  state.channel = channel;
  state.limit = PAGE;
  showSignedIn(channel === 'inapp');
  renderChannels(channel, counts);
  refresh();
});
setUpSignedIn(addresses);
addEventListener('hashchange', readHash);
const followRules = poller(refreshBehaviours);
const follow = poller(() => Promise.all([followShown(), refreshSignedIn()]));
watch({
  onState: showLive,
  onChange: (change) => {
    counts = change.counts;
    renderChannels(state.channel, counts);
    refresh();
    followRules();
    follow();
  },
});
setInterval(refreshTimes, 10_000);
refresh();
if (location.hash.length > 2) readHash();
followRules();
