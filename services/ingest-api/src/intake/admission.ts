import { overloaded } from '@herald/platform';

export interface AdmissionOptions {
  /** How long a request may take once it is let in, in milliseconds. */
  targetMs: number;
  now?(): number;
}

/** Requests under way that are always let in: as many as a group commit needs to be worth its name, and more. */
const FEWEST = 200;
const MOST = 10_000;
const AT_FIRST = 1000;
const CUT = 0.8;
/** Between two cuts, as a part of the target: the effect of the first has to be seen before the second. */
const CUT_EVERY = 0.25;

/**
 * Bounds the requests under way by how long they take (additive increase, multiplicative decrease): more than the
 * process and Postgres can do would only wait for each other, in the event loop, for Redis, for a commit. A bound on the
 * length of one queue does not see the others; a bound in numbers is wrong on any other machine.
 */
export class Admission {
  private limit = AT_FIRST;
  private underWay = 0;
  private cutAt = Number.NEGATIVE_INFINITY;
  private readonly now: () => number;

  constructor(private readonly options: AdmissionOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  /** For a request that is not complete yet: it need not be read when it would not be let in. @throws ProblemError 503 */
  refuseWhenFull(): void {
    if (this.underWay >= this.limit) throw overloaded();
  }

  /**
   * Lets a complete request in; the function that comes back is called once it is done. While its body is still coming it
   * must not count: how long that takes is the client's doing. @throws ProblemError 503
   */
  enter(): () => void {
    this.refuseWhenFull();
    this.underWay += 1;
    const enteredAt = this.now();
    return () => this.leave(enteredAt);
  }

  private leave(enteredAt: number): void {
    const { targetMs } = this.options;
    const now = this.now();
    const tookMs = now - enteredAt;
    // Those that came in before the last cut tell nothing of its effect.
    if (tookMs > targetMs && enteredAt > this.cutAt && now - this.cutAt > CUT_EVERY * targetMs) {
      this.limit = Math.max(FEWEST, Math.floor(Math.min(this.limit, this.underWay) * CUT));
      this.cutAt = now;
    } else if (tookMs < targetMs / 2 && this.underWay >= this.limit / 2) {
      this.limit = Math.min(MOST, this.limit + 1);
    }
    this.underWay -= 1;
  }
}
