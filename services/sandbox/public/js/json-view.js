import { h } from './dom.js';

const CLASS = { string: 'j-string', number: 'j-number', boolean: 'j-word' };
/** Beyond this many characters colours cost more than they give. */
const COLOUR_LIMIT = 50_000;

function scalar(value) {
  return h('span', { class: value === null ? 'j-word' : CLASS[typeof value] }, JSON.stringify(value));
}

function* parts(value, indent) {
  if (value === null || typeof value !== 'object') {
    yield scalar(value);
    return;
  }
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, close] = isList ? '[]' : '{}';
  if (entries.length === 0) {
    yield open + close;
    return;
  }
  yield open;
  for (const [index, [key, item]] of entries.entries()) {
    yield `${index > 0 ? ',' : ''}\n${indent}  `;
    if (!isList) {
      yield h('span', { class: 'j-key' }, JSON.stringify(key));
      yield ': ';
    }
    yield* parts(item, `${indent}  `);
  }
  yield `\n${indent}${close}`;
}

/** JSON, indented and coloured. */
export function jsonView(value, label = 'Body as JSON') {
  const pretty = JSON.stringify(value, null, 2);
  const content = pretty.length > COLOUR_LIMIT ? [pretty] : [...parts(value, '')];
  return h('pre', { class: 'code', tabindex: '0', 'aria-label': label }, ...content);
}
