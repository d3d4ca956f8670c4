import { type Lane } from '@herald/contracts';
import { type Random } from '../random';

/** One notification that the client wants to send: to addresses of its own, so that each arrival is told apart. */
export interface Item {
  n: number;
  /** Its idempotency key. */
  key: string;
  kind: ItemKind;
  /** As the ledgers write them. One address, or the devices of one person, of which one is enough. */
  to: readonly string[];
  lane: Lane;
  atMostOnce: boolean;
  /** It is asked to be sent later. */
  scheduled: boolean;
}

export type ItemKind = 'webhook' | 'email' | 'sms' | 'push' | 'inapp';

/** Up to which share of the notifications each is taken. */
const KINDS: readonly [number, ItemKind][] = [
  [0.6, 'webhook'],
  [0.72, 'email'],
  [0.84, 'sms'],
  [0.94, 'push'],
  [1, 'inapp'],
];
const SHARE = { critical: 0.2, default: 0.8, atMostOnce: 0.1, scheduled: 0.05 };

/** Makes notification number `n`: mostly webhooks, some of the others; a tenth at most once, a few for later. */
export function makeItem(n: number, worldUrl: string, random: Random): Item {
  const [share, lane] = [random(), random()];
  const kind = KINDS.find(([upTo]) => share < upTo)?.[1] ?? 'inapp';
  return {
    n,
    key: `chaos-${n}`,
    kind,
    to: addressesOf(kind, n, worldUrl),
    lane: lane < SHARE.critical ? 'critical' : lane < SHARE.default ? 'default' : 'bulk',
    atMostOnce: random() < SHARE.atMostOnce,
    scheduled: random() < SHARE.scheduled,
  };
}

function addressesOf(kind: ItemKind, n: number, worldUrl: string): string[] {
  switch (kind) {
    case 'webhook':
      return [`${worldUrl}/webhook/chaos/${n}`];
    case 'email':
      return [`c${n}@chaos.example`];
    case 'sms':
      return [`+49151${10_000_000 + n}`];
    case 'push':
      return [`chaos-phone-${n}`, `chaos-tablet-${n}`];
    case 'inapp':
      return [`chaos-user-${n}`];
  }
}

const LATER_MS = 3000;

/** The body of its request, the same each time it is posted. `now` in milliseconds since 1970. */
export function bodyOf(item: Item, now: number): object {
  return {
    ...messageOf(item),
    idempotencyKey: item.key,
    priority: item.lane,
    ...(item.atMostOnce && { delivery: 'at_most_once' }),
    ...(item.scheduled && { sendAt: new Date(now + LATER_MS).toISOString() }),
  };
}

function messageOf({ kind, n, to }: Item): { to: object; content: object } {
  const text = `Number ${n}`;
  const [first] = to;
  switch (kind) {
    case 'webhook':
      return { to: { webhookUrl: first }, content: { webhook: { payload: { text } } } };
    case 'email':
      return { to: { email: first }, content: { email: { subject: text, text } } };
    case 'sms':
      return { to: { phone: first }, content: { sms: { body: text } } };
    case 'push': {
      const devices = to.map((token) => ({ platform: 'android', token }));
      return { to: { devices }, content: { push: { title: text } } };
    }
    case 'inapp':
      return { to: { recipient: first }, content: { inapp: { title: text } } };
  }
}
