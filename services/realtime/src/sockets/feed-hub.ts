import { setTimeout as sleep } from 'node:timers/promises';
import { type FeedCountsDto } from '@herald/contracts';
import { type FeedRef } from '@herald/db';
import { Coalescer, LookupGate } from '@herald/platform';
import { type FeedStore } from '../feed/feed-store';
import { type RealtimeMetrics } from '../metrics';
import { FeedWatch, type Subscriber } from './feed-watch';

/** Where news is heard first; by the key of a feed. */
export interface Bell {
  /** Whether anything can be heard now. */
  readonly listening: boolean;
  /** Resolves once nothing that is rung from then on is missed, or at once while nothing can be heard. Never rejects. */
  listen(key: string): Promise<void>;
  unlisten(key: string): Promise<void>;
}

export interface FeedHubDeps {
  store: Pick<FeedStore, 'changes' | 'counts' | 'heads'>;
  bell: Bell;
  metrics: Pick<RealtimeMetrics, 'push' | 'reads' | 'missed' | 'feeds'>;
  /** A read failed: it is tried again. */
  onFailure(error: Error): void;
  /** How often a feed is looked at while the bell can be heard. */
  pollMs: number;
  /** Reads of the database at once: more would only wait for a connection, and run into its time-out. */
  readsAtOnce: number;
}

const HEADS_PER_READ = 500;
/** How long a socket waits for the bell; without Redis the polls have to do. */
const LISTEN_MS = 250;
const RETRY_MS = 1000;
/** How often a feed is looked at while the bell cannot be heard: 10,000 feeds are ten reads of heads a second. */
const DEAF_POLL_MS = 2000;

/** The feeds that have sockets in this process: hears of news, reads it, hands it to the sockets. */
export class FeedHub {
  private readonly watches = new Map<string, FeedWatch>();
  private readonly gate: LookupGate;
  private readonly heads: Coalescer<FeedRef, number>;
  /** Whether the bell could not be heard at the last tick. */
  private deaf = false;

  constructor(private readonly deps: FeedHubDeps) {
    this.gate = new LookupGate(deps.readsAtOnce, Number.POSITIVE_INFINITY);
    const read = (feeds: readonly FeedRef[]) => this.gate.pass(() => deps.store.heads(feeds));
    this.heads = new Coalescer(read, { maxBatch: HEADS_PER_READ, maxInFlight: 2 });
  }

  /** Begins to listen for a feed; `leave` has to follow. */
  async enter(key: string, feed: FeedRef): Promise<FeedWatch> {
    const watch = this.watches.get(key) ?? this.open(key, feed);
    watch.holders += 1;
    await watch.listening;
    return watch;
  }

  /** The number of the feed's last change and its counts; tells the other sockets of the feed when it is news. */
  async look(watch: FeedWatch): Promise<{ head: number; counts: FeedCountsDto }> {
    const head = await this.heads.submit(watch.feed);
    const counts = await this.gate.pass(() => this.deps.store.counts(watch.feed));
    watch.ring(head);
    return { head, counts };
  }

  leave(watch: FeedWatch, subscriber: Subscriber): void {
    watch.leave(subscriber);
    watch.holders -= 1;
    if (watch.holders > 0) return;
    this.watches.delete(watch.key);
    this.deps.metrics.feeds.set(this.watches.size);
    void this.deps.bell.unlisten(watch.key);
  }

  /** A feed changed; feeds without sockets here are ignored. */
  ring(key: string, seq: number): void {
    this.watches.get(key)?.ring(seq);
  }

  /** Looks at the feeds whose turn it is. To be called about once a second. */
  tick(now: number): void {
    const { pollMs, bell } = this.deps;
    if (!bell.listening && !this.deaf) this.lookAtAll(DEAF_POLL_MS);
    this.deaf = !bell.listening;
    const everyMs = this.deaf ? Math.min(pollMs, DEAF_POLL_MS) : pollMs;
    const due: FeedWatch[] = [];
    for (const watch of this.watches.values()) {
      if (now < watch.pollAt) continue;
      watch.pollAt = now + everyMs * (0.9 + Math.random() / 5);
      if (watch.members.size > 0) due.push(watch);
    }
    for (const watch of due) void this.poll(watch);
  }

  /** Looks at all feeds within this time: what was rung may not have been heard. */
  lookAtAll(withinMs: number): void {
    for (const watch of this.watches.values()) this.pollSoon(watch, withinMs * Math.random());
  }

  private async poll(watch: FeedWatch): Promise<void> {
    try {
      const head = await this.heads.submit(watch.feed);
      if (watch.ring(head)) this.deps.metrics.missed.inc();
      if (watch.failed) watch.retry();
    } catch (error) {
      this.failed(watch, error);
    }
  }

  private open(key: string, feed: FeedRef): FeedWatch {
    const { store, metrics, bell } = this.deps;
    const watch = new FeedWatch(key, feed, {
      changes: (of, after, limit) => this.gate.pass(() => store.changes(of, after, limit)),
      counts: (of) => this.gate.pass(() => store.counts(of)),
      metrics,
      onFailure: (failed, error) => this.failed(failed, error),
    });
    watch.pollAt = performance.now() + this.deps.pollMs * Math.random();
    this.watches.set(key, watch);
    metrics.feeds.set(this.watches.size);
    watch.listening = this.listen(watch, bell.listen(key));
    return watch;
  }

  private async listen(watch: FeedWatch, listening: Promise<void>): Promise<void> {
    const waiting = new AbortController();
    const late = sleep(LISTEN_MS, true, { signal: waiting.signal }).catch(() => false);
    const isLate = await Promise.race([listening.then(() => false), late]);
    waiting.abort();
    watch.listening = undefined;
    // What was rung before is found by looking once more.
    if (isLate) void listening.then(() => this.pollSoon(watch, 0));
  }

  private failed(watch: FeedWatch, error: unknown): void {
    this.pollSoon(watch, RETRY_MS * (1 + Math.random()));
    this.deps.onFailure(error as Error);
  }

  private pollSoon(watch: FeedWatch, inMs: number): void {
    watch.pollAt = Math.min(watch.pollAt, performance.now() + inMs);
  }
}
