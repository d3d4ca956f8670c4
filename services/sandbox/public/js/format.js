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

export const CHANNEL_NAMES = { email: 'Email', sms: 'SMS', webhook: 'Webhook' };
