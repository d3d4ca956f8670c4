import { isUnavailable } from '@herald/platform';
import { type Take } from '@herald/queue';
import { type LaneOrder } from './delivery-worker';

export interface PauseGuardOptions {
  /** Makes Redis hold back what Postgres says is paused. */
  keep(): Promise<void>;
  /** Postgres or Redis is away: nothing is taken, and `keep` is tried again. */
  onUnavailable(error: Error): void;
}

const NOTHING: Take = { payloads: [], left: 'paused' };

/**
 * Lets a worker take only while it knows that Redis holds back what Postgres says is paused. Redis says itself when it has
 * lost that (`unknown`); that it may be another one, or have come up with older data, shows in a connection that broke.
 */
export class PauseGuard {
  private doubts = 1;
  /** How many doubts there were when Redis was last made to agree. */
  private settled = 0;
  private keeping: Promise<void> | undefined;

  constructor(private readonly options: PauseGuardOptions) {}

  /** Redis may not be what it was. */
  doubt(): void {
    this.doubts += 1;
  }

  /** The same order, from which nothing is taken while that is not safe: then it is as if the lane were paused. */
  guard(order: LaneOrder): LaneOrder {
    return {
      take: (budget, skip) => this.take(order, budget, skip),
      giveBack: (payloads) => order.giveBack(payloads),
    };
  }

  private async take(order: LaneOrder, budget: number, skip: readonly string[]): Promise<Take> {
    try {
      while (this.settled !== this.doubts) await this.keep();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      this.options.onUnavailable(error as Error);
      return NOTHING;
    }
    const { doubts } = this;
    const taken = await order.take(budget, skip);
    if (taken.left === 'unknown') {
      if (doubts === this.doubts) this.doubt();
      return this.take(order, budget, skip);
    }
    if (doubts === this.doubts || taken.payloads.length === 0) return taken;
    // The client repeats what was under way when a connection breaks: this may come from a Redis that was not asked.
    await order.giveBack(taken.payloads);
    return this.take(order, budget, skip);
  }

  /** All lanes of the worker wait for the same one. */
  private keep(): Promise<void> {
    this.keeping ??= this.keepOnce().finally(() => {
      this.keeping = undefined;
    });
    return this.keeping;
  }

  private async keepOnce(): Promise<void> {
    const { doubts } = this;
    await this.options.keep();
    this.settled = doubts;
  }
}
