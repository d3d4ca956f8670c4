import { type EventLoopUtilization, performance } from 'node:perf_hooks';

export interface BulkGovernorOptions {
  /** The bulk lane's calls at once when nothing is urgent. */
  full: number;
  resize(size: number): void;
  /** The share of the time since the last call in which the event loop was busy. */
  busy?(): number;
  now?(): number;
}

const TICK_MS = 50;
/** With this much of the loop busy, what is urgent waits for its turns somewhat longer than it works. */
const BUSY = 0.75;
/** Bulk goes on, if slowly, however much is urgent: after so many ticks without a slot it gets one. */
const LONGEST_STOP = 2;
/** How long after the last urgent delivery bulk stays back. */
const URGENT_MS = 1000;

/**
 * Keeps the bulk lane back while there is urgent work: the lanes of a process have queues and slots of their own, but one
 * event loop, and each step of an urgent delivery waits for whatever bulk has ready. Halves the lane's slots while the loop
 * is busy, down to none (calls that fail at once keep it busy with a single slot), and gives back one at a time, so that bulk
 * uses what is left over.
 */
export class BulkGovernor {
  private readonly timer: NodeJS.Timeout;
  private readonly now: () => number;
  private readonly busy: () => number;
  private size: number;
  private stopped = 0;
  private urgentAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: BulkGovernorOptions) {
    this.size = options.full;
    this.now = options.now ?? (() => performance.now());
    this.busy = options.busy ?? loopMeter();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  /** There is something urgent. */
  urgent(): void {
    this.urgentAt = this.now();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const { full } = this.options;
    const busy = this.busy();
    if (this.now() - this.urgentAt > URGENT_MS) this.set(full);
    else if (busy > BUSY && this.stopped < LONGEST_STOP) this.set(this.size >> 1);
    else this.set(Math.min(full, this.size + 1));
    this.stopped = this.size === 0 ? this.stopped + 1 : 0;
  }

  private set(size: number): void {
    if (size === this.size) return;
    this.size = size;
    this.options.resize(size);
  }
}

function loopMeter(): () => number {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
