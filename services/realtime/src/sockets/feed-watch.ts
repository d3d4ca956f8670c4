import { type FeedCountsDto, LIMITS } from '@herald/contracts';
import { type FeedItemRow, type FeedRef } from '@herald/db';
import { feedItemView } from '../feed/feed-item-view';
import { type RealtimeMetrics } from '../metrics';
import { type ServerMessage } from './server-message';

/** What was read of a feed, for one or several sockets. */
export interface News {
  rows: readonly FeedItemRow[];
  /** The message, as JSON in UTF-8. */
  frame: Buffer;
  /** Everything up to here is in this message or came before it. */
  cursor: number;
}

/** A socket, as its feed sees it. */
export interface Subscriber {
  /** Everything up to here was sent. */
  readonly cursor: number;
  /** False while it is closed or its client does not read. */
  readonly canTake: boolean;
  /**
   * The watch's own mark. `live`: gets what the common read finds; `catching`: has a reading loop of its own, since it is
   * behind; `idle`: gets nothing.
   */
  phase: 'idle' | 'catching' | 'live';
  take(news: News): void;
  /** Nothing that it should see has changed up to here. */
  skipTo(cursor: number): void;
}

export interface FeedWatchDeps {
  changes(feed: FeedRef, after: number, limit: number): Promise<FeedItemRow[]>;
  counts(feed: FeedRef): Promise<FeedCountsDto>;
  metrics: Pick<RealtimeMetrics, 'push' | 'reads'>;
  /** A read failed; `retry` is to be called later. */
  onFailure(watch: FeedWatch, error: unknown): void;
}

interface Page {
  rows: FeedItemRow[];
  counts?: FeedCountsDto;
  /** Everything up to here has been read. */
  reached: number;
}

const PAGE = LIMITS.feedSocketItems;

/**
 * One feed with its sockets in this process. Numbers are given out under a lock of the feed that is held until the commit,
 * so whoever knows that number n is committed finds everything up to n by reading.
 *
 * One read at a time serves all sockets that are in step; what rings meanwhile makes it read once more. A socket that is
 * behind (it came with an old cursor, or its client did not read for a while) reads for itself until it is in step, so
 * that the others do not wait for it.
 */
export class FeedWatch {
  readonly members = new Set<Subscriber>();
  /** Sockets that use this watch, those that are still being opened too. */
  holders = 0;
  /** Resolves once the bell is listened to; undefined afterwards. */
  listening?: Promise<void>;
  pollAt = Number.POSITIVE_INFINITY;
  /** A read failed since the last `retry`. */
  failed = false;
  /** The highest number that is known to be committed. */
  private heard = 0;
  /** What the common read has reached. */
  private position = 0;
  private rungAt = 0;
  private reading = false;

  constructor(
    readonly key: string,
    readonly feed: FeedRef,
    private readonly deps: FeedWatchDeps,
  ) {}

  /** Says that a change with this number is committed; false when that is no news. */
  ring(seq: number): boolean {
    if (!(seq > this.heard)) return false;
    this.heard = seq;
    if (this.rungAt === 0 && this.hasLive()) this.rungAt = performance.now();
    void this.readForAll();
    return true;
  }

  /** From now on the socket gets everything that comes after its cursor. */
  follow(subscriber: Subscriber): void {
    this.members.add(subscriber);
    void this.catchUp(subscriber);
  }

  /** Goes on with a socket whose client has read what waited for it. */
  resume(subscriber: Subscriber): void {
    if (this.members.has(subscriber) && subscriber.phase === 'idle') void this.catchUp(subscriber);
  }

  leave(subscriber: Subscriber): void {
    this.members.delete(subscriber);
    subscriber.phase = 'idle';
  }

  /** After a failure: goes on where reading ended. */
  retry(): void {
    this.failed = false;
    for (const subscriber of this.members) this.resume(subscriber);
    void this.readForAll();
  }

  private async readForAll(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    try {
      while (this.heard > this.position && this.hasLive()) {
        const rungAt = this.rungAt;
        this.rungAt = 0;
        const page = await this.read('live', this.position);
        this.position = Math.max(this.position, page.reached);
        this.handOut(page, rungAt);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.reading = false;
    }
  }

  private handOut({ rows, counts, reached }: Page, rungAt: number): void {
    // Sockets in step share one message; one that was faster lacks what it has.
    const frames = new Map<number, Buffer>();
    for (const subscriber of this.members) {
      if (subscriber.phase !== 'live') continue;
      const first = rows.findIndex((row) => Number(row.seq) > subscriber.cursor);
      if (!subscriber.canTake) subscriber.phase = 'idle';
      else if (first < 0 || !counts) subscriber.skipTo(Math.max(reached, subscriber.cursor));
      else {
        const news = rows.slice(first);
        const frame = frames.get(first) ?? toFrame(news, counts, reached);
        frames.set(first, frame);
        this.give(subscriber, { rows: news, frame, cursor: reached });
        if (rungAt > 0)
          this.deps.metrics.push.observe({ since: 'ring' }, (performance.now() - rungAt) / 1000);
      }
    }
    if (frames.size > 0) this.noteAges(rows);
  }

  private async catchUp(subscriber: Subscriber): Promise<void> {
    subscriber.phase = 'catching';
    try {
      while (subscriber.canTake && this.members.has(subscriber)) {
        if (this.isInStep(subscriber)) return this.join(subscriber);
        const { rows, counts, reached } = await this.read('catch_up', subscriber.cursor);
        if (!subscriber.canTake || !this.members.has(subscriber)) break;
        if (!counts) subscriber.skipTo(reached);
        else this.give(subscriber, { rows, frame: toFrame(rows, counts, reached), cursor: reached });
      }
    } catch (error) {
      this.fail(error);
    }
    subscriber.phase = 'idle';
  }

  private give(subscriber: Subscriber, news: News): void {
    subscriber.take(news);
    // Goes on from its cursor once its client has read.
    if (subscriber.phase === 'live' && !subscriber.canTake) subscriber.phase = 'idle';
  }

  /** Where a common read runs, or will, it is enough to have what that has given out; alone it needs all there is. */
  private isInStep({ cursor }: Subscriber): boolean {
    return this.reading || this.hasLive() ? cursor >= this.position : cursor >= this.heard;
  }

  private join(subscriber: Subscriber): void {
    if (!this.reading && !this.hasLive()) this.position = Math.max(this.position, subscriber.cursor);
    subscriber.phase = 'live';
    void this.readForAll();
  }

  private hasLive(): boolean {
    for (const { phase } of this.members) if (phase === 'live') return true;
    return false;
  }

  private async read(kind: 'live' | 'catch_up', after: number): Promise<Page> {
    const committed = this.heard;
    this.deps.metrics.reads.inc({ kind });
    const rows = await this.deps.changes(this.feed, after, PAGE);
    // After the items: counts that are too new are followed by the change that made them so, never the other way round.
    const counts = rows.length > 0 ? await this.deps.counts(this.feed) : undefined;
    const last = Math.max(after, Number(rows.at(-1)?.seq ?? 0));
    // The last changes may be of items that have expired, which are left out.
    const reached = rows.length < PAGE ? Math.max(last, committed) : last;
    this.heard = Math.max(this.heard, reached);
    return { rows, counts, reached };
  }

  private fail(error: unknown): void {
    this.failed = true;
    this.deps.onFailure(this, error);
  }

  private noteAges(rows: readonly FeedItemRow[]): void {
    const now = Date.now();
    for (const { createdAt, deliveredAt, seenAt, archivedAt } of rows) {
      const isNew = deliveredAt === null && seenAt === null && archivedAt === null;
      if (isNew)
        this.deps.metrics.push.observe({ since: 'creation' }, Math.max(0, now - createdAt.getTime()) / 1000);
    }
  }
}

function toFrame(rows: readonly FeedItemRow[], counts: FeedCountsDto, cursor: number): Buffer {
  const message: ServerMessage = {
    type: 'items',
    items: rows.map(feedItemView),
    cursor: String(cursor),
    counts,
  };
  return Buffer.from(JSON.stringify(message));
}
