import { isUnavailable } from '@herald/platform';

/**
 * More than the longest pause between two tries of a worker to write an outcome (5 s), and than the third of a lease
 * after which it tries to extend one (10 s by default).
 */
const PATIENCE_MS = 15_000;

/**
 * Leaves lost claims alone for a while after Postgres was away: leases ran out meanwhile, but their workers live, know
 * what became of each message, and write it now. Whoever settles such a claim first makes them send it again.
 */
export class ClaimPatience {
  private until = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Of a failed attempt to reach Postgres or Redis. */
  saw(error: unknown): void {
    if (isUnavailable(error)) this.until = this.now() + PATIENCE_MS;
  }

  get isOver(): boolean {
    return this.now() >= this.until;
  }
}
