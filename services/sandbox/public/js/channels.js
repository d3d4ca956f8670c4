import { byId, h } from './dom.js';
import { CHANNEL_NAMES } from './format.js';

const place = byId('channels');
const buttons = new Map();

/** The switch above the list: all channels, or one, with how many messages each has. */
export function setUpChannels(onPick) {
  for (const [channel, name] of [['', 'All'], ...Object.entries(CHANNEL_NAMES)]) {
    const count = h('span', { class: 'count' }, '0');
    const pick = () => onPick(channel);
    const button = h(
      'button',
      { type: 'button', class: 'channel', 'aria-pressed': 'false', onclick: pick },
      name,
      count,
    );
    buttons.set(channel, { button, count });
    place.append(button);
  }
}

export function renderChannels(selected, counts) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const [channel, { button, count }] of buttons) {
    button.setAttribute('aria-pressed', String(channel === selected));
    count.textContent = (channel === '' ? total : (counts[channel] ?? 0)).toLocaleString();
  }
}
