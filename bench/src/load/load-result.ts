import { wallMs } from '../clock';
import { percentile } from '../report/statistics';

/** What the load generator saw. */
export interface LoadResult {
  /** When the first request was written and the last answer was read, in milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  /** Answers by status. */
  statuses: Record<string, number>;
  /** From when a request was due until its answer. */
  answerP50Ms: number;
  answerP99Ms: number;
  answerMaxMs: number;
  /** The longest time between two answers. */
  longestGapMs: number;
}

/** Counts the answers of a run. */
export class LoadRecord {
  private readonly startedAt = wallMs();
  private readonly statuses = new Map<number, number>();
  private readonly latencies: Float64Array;
  private answers = 0;
  private lastAnswerAt = performance.now();
  private longestGapMs = 0;

  constructor(expected: number) {
    this.latencies = new Float64Array(expected);
  }

  /** @param dueAt by `performance.now()` */
  add(status: number, dueAt: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const now = performance.now();
    this.longestGapMs = Math.max(this.longestGapMs, now - this.lastAnswerAt);
    this.lastAnswerAt = now;
    this.latencies[this.answers] = now - dueAt;
    this.answers += 1;
  }

  get complete(): boolean {
    return this.answers === this.latencies.length;
  }

  result(): LoadResult {
    const endedAt = wallMs();
    const sorted = this.latencies.sort();
    return {
      startedAt: this.startedAt,
      endedAt,
      statuses: Object.fromEntries(this.statuses),
      answerP50Ms: percentile(sorted, 0.5),
      answerP99Ms: percentile(sorted, 0.99),
      answerMaxMs: percentile(sorted, 1),
      longestGapMs: this.longestGapMs,
    };
  }
}
