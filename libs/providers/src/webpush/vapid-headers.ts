import type * as WebPush from 'web-push';
import { recentMap } from './recent-map';
import { type VapidKeyConfig } from './vapid-key';

const HOUR_MS = 3_600_000;
/** Push services take up to 24 hours; half of it leaves room for clocks that differ. */
const VALID_MS = 12 * HOUR_MS;
/** A header is used for this long: signing one costs more than encrypting a message. */
const USED_MS = 6 * HOUR_MS;
/** There are a handful of push services, but a tenant's requests name the endpoints. */
const MAX_HEADERS = 200;

/** Gives the Authorization header for a push service's origin, signed with a key. */
export function vapidHeaders(
  { getVapidHeaders }: Pick<typeof WebPush, 'getVapidHeaders'>,
  subject: string,
): (origin: string, key: VapidKeyConfig) => string {
  const headers = recentMap<{ text: string; until: number }>(MAX_HEADERS);
  return (origin, { id, publicKey, privateKey }) => {
    const name = `${id} ${origin}`;
    const now = Date.now();
    const known = headers.get(name);
    // A clock that was set back would leave one in use for too long.
    if (known && known.until > now && known.until <= now + USED_MS) return known.text;
    const expiration = Math.floor((now + VALID_MS) / 1000);
    const made = getVapidHeaders(origin, subject, publicKey, privateKey, 'aes128gcm', expiration);
    headers.set(name, { text: made.Authorization, until: now + USED_MS });
    return made.Authorization;
  };
}
