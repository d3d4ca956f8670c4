import { attempt } from './attempt.js';
import { h, icon } from './dom.js';

/** A button that copies a text and says so; null where the browser does not let pages copy (plain HTTP). */
export function copyButton(text) {
  if (navigator.clipboard === undefined) return null;
  const label = h('span', {}, 'Copy');
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    label.textContent = 'Copied';
    setTimeout(() => {
      label.textContent = 'Copy';
    }, 1500);
  };
  const props = { type: 'button', class: 'button button-small', onclick: () => attempt(copy) };
  return h('button', props, icon('copy'), label);
}

/** A command or a source, with a button that copies it. */
export function codeBlock(text, label) {
  const code = h('pre', { class: 'code', tabindex: '0', 'aria-label': label }, text);
  return h('div', { class: 'code-block' }, code, copyButton(text));
}
