const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** `now`, `4 min`, or the time of day. */
export function ago(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 10) return 'now';
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return TIME.format(new Date(iso));
}

export const fullTime = (iso) => FULL.format(new Date(iso));

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KB`;
  return `${(count / 1024 / 1024).toFixed(1)} MB`;
}

/** `"Acme" <a@x>` as people write it: without the quotes. */
export const unquoted = (address) => address.replace(/^"([^"]*)" </, '$1 <');
/** The name of a sender, or the address when there is none. */
export const senderName = (address) => /^"([^"]+)" </.exec(address)?.[1] ?? address;

/** `once`, `2 times`. */
export const often = (count) => (count === 1 ? 'once' : `${count.toLocaleString()} times`);

export const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`;

/** A long token or address without its middle: `fGhJ3kLm9q…Zx81pQ`. */
export function shortened(text, most = 30) {
  if (text.length <= most) return text;
  const tail = Math.floor(most / 3);
  return `${text.slice(0, most - tail - 1)}…${text.slice(-tail)}`;
}

/** A push service and the end of the subscription's path, which tells one browser from another. */
export function shortEndpoint(endpoint) {
  const host = /^https?:\/\/([^/]+)/.exec(endpoint)?.[1];
  return host === undefined ? shortened(endpoint) : `${shortened(host, 18)}/…${endpoint.slice(-4)}`;
}

const UNITS = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
];

/** Seconds, in the largest unit that they are a whole number of. */
export function duration(seconds) {
  const [size, unit] = UNITS.find(([size]) => seconds > 0 && seconds % size === 0) ?? [1, 'second'];
  return plural(seconds / size, unit);
}

export const CHANNEL_NAMES = {
  email: 'Email',
  sms: 'SMS',
  push: 'Push',
  webpush: 'Web push',
  inapp: 'In-app',
  webhook: 'Webhook',
};
