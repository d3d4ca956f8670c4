import { h, icon } from './dom.js';
import { ago, fullTime } from './format.js';
import { picture } from './picture.js';

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DATE = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const COLOUR = /^#[0-9a-f]{6}([0-9a-f]{2})?$/i;
const LEVELS = {
  critical: 'Critical alert',
  'time-sensitive': 'Time sensitive',
  passive: 'Quiet: the screen stays dark',
};

/** As phones show it: without AM and PM. */
const clock = (at) =>
  CLOCK.formatToParts(at)
    .filter(({ type }) => type !== 'dayPeriod')
    .map(({ value }) => value)
    .join('')
    .trim();

/** What an app may be called, from APNs' topic (`com.acme.shop`) or FCM's project (`acme-shop`). */
function appName(from) {
  const name = from.split('.').pop().replace(/[-_]+/g, ' ').trim() || 'App';
  return name[0].toUpperCase() + name.slice(1);
}

function appIcon(message) {
  const tile = h('span', { class: 'app-icon', 'aria-hidden': 'true' }, icon('inapp'));
  // The policy of the page lets no style attribute through, and a colour is not worth more than this.
  if (COLOUR.test(message.color ?? '')) tile.style.setProperty('background', message.color.slice(0, 7));
  return tile;
}

function source(message) {
  const parts = [appName(message.from), message.platform === 'android' && message.channelId];
  return parts.filter(Boolean).join(' · ');
}

/** One notification as its platform shows it. */
function notice(message, more = '') {
  const { platform, title, subtitle, body, image, interruptionLevel } = message;
  const level = LEVELS[interruptionLevel];
  return h(
    'li',
    { class: `notice ${more}` },
    appIcon(message),
    h(
      'div',
      { class: 'notice-text' },
      h(
        'p',
        { class: 'notice-source' },
        h('span', {}, source(message)),
        h(
          'time',
          { datetime: message.receivedAt, title: fullTime(message.receivedAt) },
          ago(message.receivedAt),
        ),
      ),
      level && h('p', { class: `notice-level ${interruptionLevel}` }, level),
      title && h('p', { class: 'notice-title' }, title),
      subtitle && h('p', { class: 'notice-subtitle' }, subtitle),
      body && h('p', { class: 'notice-body' }, body),
      image && platform === 'android' && picture(image, 'notice-big'),
    ),
    image && platform !== 'android' && picture(image, 'notice-thumb'),
  );
}

function nothingShown({ data }) {
  const words =
    Object.keys(data ?? {}).length === 0
      ? 'Nothing is shown; the app is woken.'
      : 'Nothing is shown; the app is woken with this data:';
  const lines = Object.entries(data ?? {}).map(([key, value]) =>
    h('div', {}, h('dt', {}, key), h('dd', {}, typeof value === 'string' ? value : JSON.stringify(value))),
  );
  return h('div', { class: 'notice-none' }, h('p', {}, words), lines.length > 0 && h('dl', {}, ...lines));
}

function homeIcon(message) {
  const { badge } = message;
  return h(
    'div',
    { class: 'home-icon' },
    h(
      'span',
      { class: 'home-tile' },
      appIcon(message),
      badge > 0 && h('span', { class: 'home-badge', 'aria-hidden': 'true' }, badge.toLocaleString()),
    ),
    h('span', {}, appName(message.from)),
    h('span', { class: 'visually-hidden' }, badge > 0 ? `shows the number ${badge}` : 'shows no number'),
  );
}

/**
 * A phone's lock screen with one notification.
 * @returns {{ element: Node, addEarlier(messages: object[], more: number): void }} earlier ones of the same group
 */
export function lockScreen(message) {
  const at = new Date(message.receivedAt);
  const silent = message.status === 'silent';
  const group = message.threadId && h('p', { class: 'lock-group' }, `Group “${message.threadId}”`);
  const notices = h('ul', { class: 'notices', 'aria-label': 'On the lock screen' });
  if (!silent) notices.append(notice(message));
  const element = h(
    'div',
    { class: `phone lock ${message.platform}` },
    h('div', { class: 'phone-top', 'aria-hidden': 'true' }, h('span', { class: 'phone-notch' })),
    h(
      'div',
      { class: 'lock-screen' },
      h('p', { class: 'lock-date' }, DATE.format(at)),
      h('p', { class: 'lock-clock' }, clock(at)),
      !silent && group,
      silent ? nothingShown(message) : notices,
    ),
    message.badge !== null && message.badge !== undefined && homeIcon(message),
  );
  function addEarlier(messages, more) {
    notices.append(...messages.map((one) => notice(one, 'earlier')));
    if (more > 0) notices.append(h('li', { class: 'lock-more' }, `${more} more`));
  }
  return { element, addEarlier };
}
