import { setTimeout as sleep } from 'node:timers/promises';
import { type AcceptedNotificationDto } from '@herald/contracts';
import { type Random } from '../random';
import { bodyOf, type Item, makeItem } from './items';
import { type Posted, post } from './post';

export interface LoadOptions {
  urls: readonly string[];
  key: string;
  worldUrl: string;
  count: number;
  perSecond: number;
  random: Random;
}

/** What the client was told about one notification. */
export interface Told {
  item: Item;
  notificationId: string;
  deliveryId: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** The client's ledger. */
export interface LoadResult {
  told: Told[];
  /** Refused for good, or answered differently when asked again: faults of Herald, in words. */
  complaints: string[];
  /** Requests that had to be repeated. */
  retries: number;
}

const TICK_MS = 20;
const CONCURRENT = 64;
const BATCH = 25;
/** Of the notifications; the rest goes one by one. */
const IN_BATCHES = 0.4;
const RETRY_MS = 200;
/** How often a request that was answered is sent once more. */
const REPEATED = 0.02;

/**
 * A client that means every notification to be sent once: it posts at a steady rate to several instances of the API,
 * and repeats what was not answered with 202, with the same idempotency key, for as long as it takes.
 */
export class Load {
  private readonly result: LoadResult = { told: [], complaints: [], retries: 0 };
  private readonly waiting: (() => void)[] = [];
  private posting = 0;
  private turn = 0;

  constructor(private readonly options: LoadOptions) {}

  /** Resolves once every notification was accepted, or refused for good. */
  async run(): Promise<LoadResult> {
    const { count, perSecond, random, worldUrl } = this.options;
    const units: Promise<void>[] = [];
    const began = performance.now();
    for (let n = 0; n < count; ) {
      const due = Math.min(count, ((performance.now() - began) / 1000) * perSecond);
      while (n < due) {
        const size = random() < IN_BATCHES / BATCH / (IN_BATCHES / BATCH + 1 - IN_BATCHES) ? BATCH : 1;
        const items = Array.from({ length: Math.min(size, count - n) }, (_, k) =>
          makeItem(n + k, worldUrl, random),
        );
        n += items.length;
        units.push(this.send(items));
      }
      await sleep(TICK_MS);
    }
    await Promise.all(units);
    return this.result;
  }

  private async send(items: readonly Item[]): Promise<void> {
    const now = Date.now();
    let open = items.map((item) => ({ item, body: bodyOf(item, now) }));
    for (;;) {
      const results = await this.post(open.map(({ body }) => body));
      const again = open.filter((_, index) => results[index]?.type === 'again');
      results.forEach((posted, index) => {
        const { item, body } = open[index] as (typeof open)[number];
        this.note(item, body, posted);
      });
      if (again.length === 0) return;
      open = again;
      this.result.retries += 1;
      await sleep(this.pause(results));
    }
  }

  private note(item: Item, body: object, posted: Posted): void {
    if (posted.type === 'refused') this.result.complaints.push(`number ${item.n} was refused: ${posted.why}`);
    if (posted.type !== 'accepted') return;
    const { id, deliveries } = posted.notification;
    this.result.told.push({
      item,
      notificationId: id,
      deliveryId: deliveries[0]?.id ?? '',
      at: Date.now(),
    });
    if (this.options.random() < REPEATED) void this.repeat(item, body, posted.notification);
  }

  /** The same request must have the same answer, and no second effect, which the other ledgers show. */
  private async repeat(item: Item, body: object, first: AcceptedNotificationDto): Promise<void> {
    const [posted] = await this.post([body]);
    if (posted?.type === 'accepted' && posted.notification.id === first.id) return;
    // An outage may come between; it is not asked for ever.
    if (posted?.type === 'again') return;
    const answer = posted?.type === 'accepted' ? posted.notification.id : posted?.why;
    this.result.complaints.push(`number ${item.n} was ${first.id} and, asked again, ${answer}`);
  }

  private pause(results: readonly Posted[]): number {
    const asked = Math.max(0, ...results.map((posted) => (posted.type === 'again' && posted.afterMs) || 0));
    return Math.max(asked, RETRY_MS) * (0.75 + this.options.random() / 2);
  }

  private async post(bodies: readonly object[]): Promise<Posted[]> {
    while (this.posting >= CONCURRENT) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.posting += 1;
    this.turn += 1;
    const { urls, key } = this.options;
    try {
      return await post(urls[this.turn % urls.length] as string, key, bodies);
    } finally {
      this.posting -= 1;
      this.waiting.shift()?.();
    }
  }
}
