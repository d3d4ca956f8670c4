import { type Lane } from '@herald/contracts';
import { type Random } from '../random';

/** One notification that the client wants to send: to an address of its own, so that each arrival is told apart. */
export interface Item {
  n: number;
  /** Its idempotency key. */
  key: string;
  to: string;
  lane: Lane;
  atMostOnce: boolean;
  /** It is asked to be sent later. */
  scheduled: boolean;
}

const SHARE = { webhook: 0.7, email: 0.85, critical: 0.2, default: 0.8, atMostOnce: 0.1, scheduled: 0.05 };

/** Makes notification number `n`: 70% webhooks, 15% e-mail, 15% SMS; a tenth at most once, a few for later. */
export function makeItem(n: number, worldUrl: string, random: Random): Item {
  const [channel, lane] = [random(), random()];
  return {
    n,
    key: `chaos-${n}`,
    to: addressOf(channel, n, worldUrl),
    lane: lane < SHARE.critical ? 'critical' : lane < SHARE.default ? 'default' : 'bulk',
    atMostOnce: random() < SHARE.atMostOnce,
    scheduled: random() < SHARE.scheduled,
  };
}

function addressOf(channel: number, n: number, worldUrl: string): string {
  if (channel < SHARE.webhook) return `${worldUrl}/webhook/chaos/${n}`;
  if (channel < SHARE.email) return `c${n}@chaos.example`;
  return `+49151${10_000_000 + n}`;
}

const LATER_MS = 3000;

/** The body of its request, the same each time it is posted. `now` in milliseconds since 1970. */
export function bodyOf(item: Item, now: number): object {
  const text = `Number ${item.n}`;
  const message = item.to.startsWith('http')
    ? { to: { webhookUrl: item.to }, content: { webhook: { payload: { text } } } }
    : item.to.startsWith('+')
      ? { to: { phone: item.to }, content: { sms: { body: text } } }
      : { to: { email: item.to }, content: { email: { subject: text, text } } };
  return {
    ...message,
    idempotencyKey: item.key,
    priority: item.lane,
    ...(item.atMostOnce && { delivery: 'at_most_once' }),
    ...(item.scheduled && { sendAt: new Date(now + LATER_MS).toISOString() }),
  };
}
