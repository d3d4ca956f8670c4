import { getMessage, getSignedIn, markItems, messagesTo, Refused } from './api.js';
import { attempt } from './attempt.js';
import { copyButton } from './code-block.js';
import { h, icon } from './dom.js';
import { code, facts } from './facts.js';
import { ago, fullTime } from './format.js';
import { jsonView } from './json-view.js';
import { statusChip } from './list.js';
import { linkOrText, picture } from './picture.js';

const MOST_ITEMS = 30;
/** The service counts that far. */
const MOST_COUNTED = 100;

const counted = (count) => (count >= MOST_COUNTED ? `${MOST_COUNTED - 1}+` : String(count));

function feedItem(item, selectedId) {
  const selected = item.id === selectedId;
  const unseen = item.status === 'unseen';
  return h(
    'li',
    {},
    h(
      'a',
      {
        class: `feed-item ${item.status}`,
        href: `#/${item.id}`,
        'aria-current': selected && 'true',
      },
      h('span', { class: 'feed-dot', 'aria-hidden': 'true' }),
      h(
        'span',
        { class: 'feed-text' },
        unseen && h('span', { class: 'visually-hidden' }, 'Unseen: '),
        h('span', { class: 'feed-title' }, item.subject),
        item.text && h('span', { class: 'feed-body' }, item.text),
        h(
          'span',
          { class: 'feed-foot' },
          item.category && h('span', { class: 'chip' }, item.category),
          item.url && h('span', { class: 'feed-link' }, item.url),
          h('time', { datetime: item.createdAt, title: fullTime(item.createdAt) }, ago(item.createdAt)),
          item.status === 'archived' && h('span', { class: 'chip' }, 'archived'),
        ),
      ),
      item.imageUrl && picture(item.imageUrl, 'feed-image'),
    ),
  );
}

function feedHead(recipient, session) {
  const unseen = session?.counts?.unseen ?? 0;
  const unread = session?.counts?.unread ?? 0;
  const state = session?.connected ? `${counted(unread)} unread` : 'not connected';
  return [
    h('span', { class: 'feed-avatar', 'aria-hidden': 'true' }, recipient.slice(0, 1).toUpperCase()),
    h('span', { class: 'feed-who' }, h('strong', {}, recipient), h('span', { class: 'quiet' }, state)),
    h(
      'span',
      { class: 'feed-bell' },
      icon('inapp'),
      unseen > 0 && h('span', { class: 'home-badge', 'aria-hidden': 'true' }, counted(unseen)),
      h('span', { class: 'visually-hidden' }, `${counted(unseen)} unseen`),
    ),
  ];
}

/** The feed as an app shows it: without what is archived, unless that is what one looks at. */
function showFeed(place, { items, selectedId, recipient, session }) {
  const shown = items.filter(({ status, id }) => status !== 'archived' || id === selectedId);
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  const list = h(
    'ul',
    { class: 'feed-items', 'aria-label': `Feed of ${recipient}` },
    ...shown.map((item) => feedItem(item, selectedId)),
  );
  const before = place.querySelector('.feed-items')?.scrollTop;
  place.replaceChildren(h('header', { class: 'feed-head' }, ...feedHead(recipient, session)), list);
  if (before === undefined) list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  else list.scrollTop = before;
  if (focused !== null) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
}

const time = (iso) => iso && fullTime(iso);

function table(item) {
  return facts([
    ['Status', statusChip(item.status)],
    ['Recipient', item.to],
    ['Category', item.category],
    ['Click opens', linkOrText(item.url)],
    ['Image', linkOrText(item.imageUrl)],
    ['Created', time(item.createdAt)],
    ['Arrived', time(item.receivedAt)],
    ['Expires', time(item.expiresAt)],
    ['Seen', time(item.seenAt)],
    ['Read', time(item.readAt)],
    ['Archived', time(item.archivedAt)],
    ['Item id', code(item.itemId)],
    ['Notification', code(item.notificationId)],
  ]);
}

/** What the recipient can do: buttons that stay the same elements, which keeps the focus on them. */
function actions(recipient) {
  let item = null;
  const button = (name) => {
    const label = h('span', {}, name);
    const element = h(
      'button',
      { type: 'button', class: 'button' },
      icon(name === 'Archive' ? 'archive' : 'check'),
      label,
    );
    return { element, label };
  };
  const read = button('Mark read');
  const archive = button('Archive');
  const mark = (as) => attempt(() => markItems({ recipient, ids: [item.itemId], as }));
  read.element.addEventListener('click', () => mark(item.readAt ? 'unread' : 'read'));
  archive.element.addEventListener('click', () => mark(item.archivedAt ? 'unarchived' : 'archived'));
  const element = h(
    'fieldset',
    { class: 'feed-actions' },
    h('legend', {}, `As ${recipient}`),
    read.element,
    archive.element,
  );
  function show(now) {
    item = now;
    read.label.textContent = now.readAt ? 'Mark unread' : 'Mark read';
    archive.label.textContent = now.archivedAt ? 'Unarchive' : 'Archive';
  }
  return { element, show };
}

function dataPanel({ data }) {
  if (data === null) return null;
  const text = JSON.stringify(data, null, 2);
  return h(
    'section',
    { class: 'feed-data' },
    h('h3', {}, 'Data for the app'),
    h('div', { class: 'code-block' }, jsonView(data, 'Data as JSON'), copyButton(text)),
  );
}

/** An item in the feed of its recipient; follows what becomes of it, here or in another app. */
export function inappView(message, _remembered, onFollow) {
  const recipient = message.to;
  const feed = h('div', { class: 'feed' });
  const tablePlace = h('div', {});
  const spoken = h('p', { class: 'visually-hidden', role: 'status' });
  let shown = '';
  const buttons = actions(recipient);

  function show(item, items, session) {
    const now = JSON.stringify([items, session]);
    if (now === shown) return;
    // Said when it becomes another one, not when the view opens.
    if (shown !== '') spoken.textContent = `This item is ${item.status}`;
    shown = now;
    showFeed(feed, { items, selectedId: message.id, recipient, session });
    tablePlace.replaceChildren(table(item));
    buttons.show(item);
  }
  /** A message that is cleared meanwhile goes from the page by itself. */
  const refresh = () =>
    readAll().catch((error) => {
      if (!(error instanceof Refused)) throw error;
    });
  async function readAll() {
    const [items, sessions] = await Promise.all([
      messagesTo({ channel: 'inapp', to: recipient, limit: MOST_ITEMS }),
      getSignedIn(),
    ]);
    // Further down than the feed reaches.
    const item = items.find(({ id }) => id === message.id) ?? (await getMessage(message.id));
    const all = items.includes(item) ? items : [...items, item];
    show(
      item,
      all,
      sessions.find((session) => session.recipient === recipient),
    );
  }
  show(message, [message], undefined);
  attempt(refresh);
  onFollow(refresh);
  return [
    h('h2', { class: 'detail-title' }, message.subject),
    h(
      'div',
      { class: 'device-view' },
      h('div', { class: 'device' }, feed),
      h('div', { class: 'feed-side' }, buttons.element, spoken, tablePlace, dataPanel(message)),
    ),
  ];
}
