import { type FeedRef } from '@herald/db';
import { isUnavailable, type Logger } from '@herald/platform';
import { type RealtimeMetrics } from '../metrics';
import { type FeedStore } from './feed-store';

export interface ConfirmBehindDeps {
  store: Pick<FeedStore, 'confirm'>;
  logger: Logger;
  metrics: Pick<RealtimeMetrics, 'unconfirmed'>;
  /** How long to leave the database alone after it failed; 1 s by default. */
  retryMs?: number;
}

interface Waiting {
  feed: FeedRef;
  ids: Set<string>;
}

/** Feeds confirmed at once: the connections are the readers' too. */
const AT_ONCE = 2;
/** Items that may wait while the database is away, some 10 MB; for more it stays unknown that they arrived. */
const MAX_WAITING = 50_000;
const IDS_PER_CALL = 200;

/**
 * Records behind the answer what arrived. Natural batching: what arrives for a feed while its turn has not come goes
 * with it. While the database is away they wait, up to a bound.
 */
export class ConfirmBehind {
  private readonly waiting = new Map<string, Waiting>();
  private count = 0;
  private running = 0;
  private resting?: NodeJS.Timeout;
  private readonly idle: (() => void)[] = [];

  constructor(private readonly deps: ConfirmBehindDeps) {}

  /** @param key of the feed */
  add(key: string, feed: FeedRef, ids: readonly string[]): void {
    const known = this.waiting.get(key) ?? { feed, ids: new Set() };
    for (const id of ids) {
      if (known.ids.has(id)) continue;
      if (this.count >= MAX_WAITING) {
        this.deps.metrics.unconfirmed.inc();
        continue;
      }
      known.ids.add(id);
      this.count += 1;
    }
    if (known.ids.size > 0) this.waiting.set(key, known);
    this.start();
  }

  /** Resolves once nothing waits, or with what is left after this time. */
  async drained(deadlineMs: number): Promise<void> {
    if (this.count > 0 || this.running > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.idle.push(resolve);
        timer = setTimeout(resolve, deadlineMs);
      });
      clearTimeout(timer);
    }
    clearTimeout(this.resting);
    if (this.count > 0) {
      this.deps.metrics.unconfirmed.inc(this.count);
      this.deps.logger.warn({ items: this.count }, 'items that arrived could not be recorded as delivered');
    }
  }

  private start(): void {
    while (this.running < AT_ONCE && this.waiting.size > 0 && !this.resting) {
      const [key, feed, ids] = this.take();
      this.running += 1;
      void this.confirm(key, feed, ids).finally(() => {
        this.running -= 1;
        this.start();
        if (this.running === 0 && this.count === 0) for (const resolve of this.idle.splice(0)) resolve();
      });
    }
  }

  private take(): [string, FeedRef, string[]] {
    const [key, entry] = this.waiting.entries().next().value as [string, Waiting];
    const ids = [...entry.ids].slice(0, IDS_PER_CALL);
    for (const id of ids) entry.ids.delete(id);
    this.waiting.delete(key);
    // Behind the others: a feed with much to confirm does not keep them waiting.
    if (entry.ids.size > 0) this.waiting.set(key, entry);
    this.count -= ids.length;
    return [key, entry.feed, ids];
  }

  private async confirm(key: string, feed: FeedRef, ids: string[]): Promise<void> {
    try {
      await this.deps.store.confirm(feed, ids);
    } catch (error) {
      if (isUnavailable(error)) {
        this.rest();
        this.add(key, feed, ids);
      } else {
        this.deps.metrics.unconfirmed.inc(ids.length);
        this.deps.logger.error({ err: error, items: ids.length }, 'arrived items could not be confirmed');
      }
    }
  }

  private rest(): void {
    this.resting ??= setTimeout(() => {
      this.resting = undefined;
      this.start();
    }, this.deps.retryMs ?? 1000);
  }
}
