import { codeBlock } from './code-block.js';
import { h, icon } from './dom.js';
import { facts, headerTable } from './facts.js';
import { bytes, fullTime, unquoted } from './format.js';
import { tabs } from './tabs.js';

const SOURCE_LIMIT = 200_000;

/** The mail in a frame where nothing runs; the width of a phone or all there is. */
function htmlPanel(id) {
  const frame = h('iframe', {
    class: 'mail-frame',
    title: 'The email as HTML',
    src: `/messages/${encodeURIComponent(id)}/html`,
    sandbox: 'allow-popups allow-popups-to-escape-sandbox',
    referrerpolicy: 'no-referrer',
  });
  const stage = h('div', { class: 'mail-stage' }, frame);
  const widths = ['Full width', 'Phone'].map((label) =>
    h('button', { type: 'button', class: 'channel', 'aria-pressed': String(label === 'Full width') }, label),
  );
  for (const [index, button] of widths.entries()) {
    button.addEventListener('click', () => {
      stage.classList.toggle('narrow', index === 1);
      for (const other of widths) other.setAttribute('aria-pressed', String(other === button));
    });
  }
  const legend = h('legend', { class: 'visually-hidden' }, 'Width');
  const choice = h('fieldset', { class: 'channels mail-widths' }, legend, ...widths);
  return h('div', { class: 'mail' }, choice, stage);
}

function textPanel(text) {
  if (text === '') return h('p', { class: 'quiet' }, 'This email has no text part.');
  return h('pre', { class: 'mail-text', tabindex: '0', 'aria-label': 'The email as text' }, text);
}

function sourcePanel(source) {
  const cut = source.length > SOURCE_LIMIT;
  const shown = cut ? `${source.slice(0, SOURCE_LIMIT)}\n…` : source;
  return h(
    'div',
    {},
    cut && h('p', { class: 'quiet' }, `The first ${SOURCE_LIMIT.toLocaleString()} characters.`),
    codeBlock(shown, 'Source of the email'),
  );
}

function attachmentsPanel(attachments) {
  const rows = attachments.map(({ filename, contentType, size }) =>
    h(
      'li',
      {},
      h('span', { class: 'medal' }, icon('clip')),
      h(
        'span',
        {},
        h('strong', {}, filename ?? '(no name)'),
        h('span', { class: 'quiet' }, `${contentType} · ${bytes(size)}`),
      ),
    ),
  );
  return h('ul', { class: 'attachments' }, ...rows);
}

/** @param remembered the tab the reader looked at last, kept from one email to the next where it has that tab */
export function emailView(message, remembered) {
  const { attachments } = message;
  const all = [
    message.html !== null && { name: 'html', label: 'HTML', panel: () => htmlPanel(message.id) },
    { name: 'text', label: 'Text', panel: () => textPanel(message.text) },
    { name: 'headers', label: 'Headers', panel: () => headerTable(message.headers) },
    { name: 'source', label: 'Source', panel: () => sourcePanel(message.source) },
    attachments.length > 0 && {
      name: 'attachments',
      label: `Attachments (${attachments.length})`,
      panel: () => attachmentsPanel(attachments),
    },
  ].filter(Boolean);
  const first = all.find(({ name }) => name === remembered.tab) ?? all[0];
  return [
    h('h2', { class: 'detail-title' }, message.subject || '(no subject)'),
    facts([
      ['From', unquoted(message.from) || '(no From header)'],
      ['To', message.to],
      ['To header', message.toHeader.includes(message.to) ? null : message.toHeader],
      ['Received', fullTime(message.receivedAt)],
      ['Message-ID', message.messageId && h('code', {}, message.messageId)],
      ['Size', bytes(message.size)],
    ]),
    tabs(all, first.name, (name) => {
      remembered.tab = name;
    }),
  ];
}
