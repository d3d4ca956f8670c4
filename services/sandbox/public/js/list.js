import { byId, h, icon } from './dom.js';
import { ago, CHANNEL_NAMES, fullTime, plural, senderName, shortEndpoint, shortened } from './format.js';

const list = byId('list');
const note = byId('list-note');
const more = byId('more');
/** Rows by message id: a row stays the same element while it is shown, which keeps the focus on it. */
const rows = new Map();

const STATUS_CLASS = {
  delivered: 'good',
  verified: 'good',
  shown: 'good',
  unseen: 'new',
  unreadable: 'bad',
  undelivered: 'bad',
  failed: 'bad',
  unverified: 'bad',
};
const STATUS_TEXT = { verified: 'signed', unverified: 'not verified' };

export function statusChip(status) {
  if (!status) return null;
  return h('span', { class: `chip ${STATUS_CLASS[status] ?? ''}` }, STATUS_TEXT[status] ?? status);
}

function titleOf(item) {
  if (item.channel === 'sms') return item.preview || '(no text)';
  if (item.channel === 'push' && item.status === 'silent') return 'Silent push';
  if (item.channel === 'push') return item.subject || item.preview || '(no text)';
  if (item.channel === 'webpush' && item.status === 'unreadable') return 'Unreadable push';
  if (item.channel === 'webpush') return item.subject || '(no title)';
  return item.subject || '(no subject)';
}

/** The text where it is not the title already; who sent it otherwise. */
function previewOf({ subject, preview, from }) {
  if (subject && preview) return preview;
  return `from ${from.replace(/^mailto:/, '')}`;
}

function subtitleOf(item) {
  if (item.channel === 'webhook') return item.preview || '(empty body)';
  if (item.channel === 'push') return `${shortened(item.to, 20)} · ${previewOf(item)}`;
  if (item.channel === 'webpush') return `${shortEndpoint(item.to)} · ${previewOf(item)}`;
  if (item.channel === 'inapp') return `${shortened(item.to)}${item.preview && ` · ${item.preview}`}`;
  return `${item.to}${item.from ? ` · from ${senderName(item.from)}` : ''}`;
}

function makeRow(item) {
  const link = h(
    'a',
    { href: `#/${item.id}`, class: 'row', 'data-id': item.id },
    h('span', { class: `medal ${item.channel}` }, icon(item.channel)),
    h(
      'span',
      { class: 'row-text' },
      h(
        'span',
        { class: 'row-top' },
        h('span', { class: 'visually-hidden' }, `${CHANNEL_NAMES[item.channel]}: `),
        h('span', { class: 'row-title' }, titleOf(item)),
        h('time', { class: 'row-time', datetime: item.receivedAt, title: fullTime(item.receivedAt) }),
      ),
      h(
        'span',
        { class: 'row-bottom' },
        h('span', { class: `row-subtitle ${item.channel === 'webhook' ? 'mono' : ''}` }, subtitleOf(item)),
        h('span', { class: 'row-status' }),
      ),
    ),
  );
  return h('li', {}, link);
}

function updateRow(row, item, selectedId) {
  const link = row.firstChild;
  link.querySelector('time').textContent = ago(item.receivedAt);
  if (row.dataset.status !== String(item.status)) {
    row.dataset.status = item.status;
    link.querySelector('.row-status').replaceChildren(...[statusChip(item.status)].filter(Boolean));
  }
  if (item.id === selectedId) link.setAttribute('aria-current', 'true');
  else link.removeAttribute('aria-current');
}

/** Shows the items, reusing the rows that stay. New rows above known ones light up for a moment. */
export function renderList({ items, total, filter, selectedId }) {
  const wanted = new Set(items.map(({ id }) => id));
  for (const [id, row] of rows) {
    if (wanted.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  const hadRows = rows.size > 0;
  let place = list.firstChild;
  for (const item of items) {
    let row = rows.get(item.id);
    if (row === undefined) {
      row = makeRow(item);
      if (hadRows) row.classList.add('fresh');
      rows.set(item.id, row);
    }
    if (row === place) place = place.nextSibling;
    else list.insertBefore(row, place);
    updateRow(row, item, selectedId);
  }
  renderNote(items.length, total, filter);
}

function renderNote(shown, total, { channel, q }) {
  const filtered = channel !== '' || q !== '';
  note.hidden = shown > 0;
  note.textContent = filtered ? 'Nothing that arrived fits this search.' : 'Nothing has arrived yet.';
  more.hidden = shown >= total;
  more.textContent = `Show older messages (${plural(total - shown, 'more', 'more')})`;
}

/** Times such as "4 min" grow old by themselves. */
export function refreshTimes() {
  for (const time of list.querySelectorAll('time')) time.textContent = ago(time.dateTime);
}

export function markSelected(selectedId) {
  for (const [id, row] of rows) {
    if (id === selectedId) row.firstChild.setAttribute('aria-current', 'true');
    else row.firstChild.removeAttribute('aria-current');
  }
}

/** Arrow keys move between the rows. */
list.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key];
  const row = event.target.closest('li');
  if (step === undefined || row === null) return;
  event.preventDefault();
  row[step]?.firstChild.focus();
});
