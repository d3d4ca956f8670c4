import { codeBlock, copyButton } from './code-block.js';
import { h, icon } from './dom.js';
import { facts, headerTable } from './facts.js';
import { bytes, fullTime } from './format.js';
import { jsonView } from './json-view.js';
import { tabs } from './tabs.js';

function signature({ verified, reason }) {
  const text = verified ? 'The signature holds' : `The signature does not hold: ${reason}`;
  return h(
    'p',
    { class: `verdict ${verified ? 'good' : 'bad'}` },
    icon(verified ? 'check' : 'mischief'),
    text,
  );
}

function body(message) {
  if (message.text === '') return h('p', { class: 'quiet' }, 'The body is empty.');
  if (message.json === null) return codeBlock(message.text, 'Body');
  return h('div', { class: 'code-block' }, jsonView(message.json), copyButton(message.text));
}

export function webhookView(message, remembered) {
  const all = [
    { name: 'body', label: 'Body', panel: () => body(message) },
    { name: 'headers', label: 'Headers', panel: () => headerTable(message.headers) },
    { name: 'raw', label: 'Raw body', panel: () => codeBlock(message.text || ' ', 'Raw body') },
  ];
  const first = all.find(({ name }) => name === remembered.tab) ?? all[0];
  return [
    h(
      'h2',
      { class: 'detail-title request-line' },
      h('span', { class: 'method' }, message.method),
      ' ',
      message.path,
    ),
    signature(message.signature),
    facts([
      ['URL', message.to],
      ['From', message.from],
      ['Received', fullTime(message.receivedAt)],
      ['Webhook id', message.headers['webhook-id'] && h('code', {}, message.headers['webhook-id'])],
      ['Size', bytes(message.size)],
    ]),
    tabs(all, first.name, (name) => {
      remembered.tab = name;
    }),
  ];
}
