/** A flush at full size, in milliseconds, until one was seen. */
const FIRST_GUESS_MS = 20;
/** How much a new flush changes the estimate. */
const WEIGHT = 0.2;

export interface CongestionOptions {
  /** Deliveries per flush at most, and flushes at once. */
  maxBatch: number;
  maxInFlight: number;
  /** A request that would wait longer than this is refused; milliseconds. */
  maxWaitMs: number;
}

/**
 * Tells how long a request would have to wait for its commit: by what waits before it, and by how long full flushes
 * take lately. A queue bounded by its length alone is either short when Postgres is quick or endless when it is slow;
 * what a caller feels is the time.
 */
export class Congestion {
  private flushMs = FIRST_GUESS_MS;

  constructor(private readonly options: CongestionOptions) {}

  /** @param weight the deliveries of a flush that took so long. Small flushes tell nothing of full ones. */
  flushed(weight: number, tookMs: number): void {
    if (weight >= this.options.maxBatch / 2) this.flushMs += WEIGHT * (tookMs - this.flushMs);
  }

  /** In milliseconds, when so many deliveries wait already. */
  expectedWaitMs(waiting: number): number {
    const { maxBatch, maxInFlight } = this.options;
    return (waiting / maxBatch / maxInFlight) * this.flushMs;
  }

  /** In how many seconds to try again, or undefined when a request may come in. */
  retryAfterSeconds(waiting: number): number | undefined {
    const wait = this.expectedWaitMs(waiting);
    return wait > this.options.maxWaitMs ? Math.ceil(wait / 1000) : undefined;
  }
}
