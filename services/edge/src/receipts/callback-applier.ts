import { type Database, deleteCallbacks, putBackCallback, type StoredCallback } from '@herald/db';
import { Coalescer, FairSlots, isUnavailable, type Logger, quietly } from '@herald/platform';
import { type EdgeMetrics } from '../metrics';
import { errorCode, isAbandoned, pauseAfterFailure } from './after-failure';

export interface CallbackApplierDeps {
  db: Database;
  apply(callback: StoredCallback): Promise<void>;
  metrics: EdgeMetrics;
  logger: Logger;
}

/** Together with what stores callbacks, well below the connections of the default pool. Of five a tenant has four at most. */
const CONCURRENCY = 5;
/** Of a tenant with more here, what is taken would only wait too. */
const CROWD = 100;
const MAX_DELETED_AT_ONCE = 500;

/**
 * Applies stored callbacks, a few at once, and deletes them from the inbox. What is posted to one URL is applied in the
 * order it came: of a delivery, so that its timeline has no gaps, and of an account, since "stop" and "start" of one sender
 * stand there. Different URLs do not wait for each other, and no tenant for another one's callbacks.
 */
export class CallbackApplier {
  private readonly slots = new FairSlots(CONCURRENCY, () => undefined);
  /** Of each URL the last callback that is not done. */
  private readonly last = new Map<string, Promise<void>>();
  /** How many callbacks of each tenant are not done. */
  private readonly here = new Map<string, number>();
  private leaving = false;
  private readonly applied: Coalescer<string, void>;
  private readonly tellOutage: (error: Error) => void;

  constructor(private readonly deps: CallbackApplierDeps) {
    this.applied = new Coalescer(
      async (ids) => {
        await deleteCallbacks(deps.db, ids);
        return ids.map(() => undefined);
      },
      { maxBatch: MAX_DELETED_AT_ONCE, maxInFlight: 1 },
    );
    this.tellOutage = quietly(deps.logger, 'receipts cannot be applied yet');
  }

  /** Tenants with so much here that no more of theirs should be taken. */
  crowded(): string[] {
    return [...this.here].flatMap(([tenantId, count]) => (count > CROWD ? [tenantId] : []));
  }

  /**
   * Applies a callback that the caller has taken; resolves when this process is done with it, whatever came of it.
   * @param until when it stops being the caller's, by the monotonic clock
   */
  async apply(callback: StoredCallback, until: number): Promise<void> {
    const { tenantId, deliveryId, providerId } = callback;
    const url = deliveryId ?? providerId;
    const done = this.runAfter(this.last.get(url), callback, until);
    this.last.set(url, done);
    this.here.set(tenantId, (this.here.get(tenantId) ?? 0) + 1);
    await done;
    if (this.last.get(url) === done) this.last.delete(url);
    const left = (this.here.get(tenantId) as number) - 1;
    if (left > 0) this.here.set(tenantId, left);
    else this.here.delete(tenantId);
  }

  /** Resolves when nothing waits or is under way; after `deadlineMs` what waits is left to others. */
  async drain(deadlineMs: number): Promise<void> {
    const timer = setTimeout(() => {
      this.leaving = true;
    }, deadlineMs);
    while (this.last.size > 0) await Promise.all(this.last.values());
    clearTimeout(timer);
  }

  private async runAfter(
    before: Promise<void> | undefined,
    callback: StoredCallback,
    until: number,
  ): Promise<void> {
    await before;
    await this.slots.run(callback.tenantId, () => this.run(callback, until));
  }

  private async run(callback: StoredCallback, until: number): Promise<void> {
    if (this.leaving || performance.now() >= until) return;
    try {
      if (isAbandoned(callback.tries)) return await this.giveUp(callback, 'abandoned');
      await this.deps.apply(callback);
      await this.applied.submit(callback.id);
    } catch (error) {
      await this.failed(callback, error).catch((e) => this.tellOutage(e as Error));
    }
  }

  private async failed(callback: StoredCallback, error: unknown): Promise<void> {
    // It stays taken for a while, and then whoever finds Postgres again takes it.
    if (isUnavailable(error)) return this.tellOutage(error as Error);
    const pauseMs = pauseAfterFailure(callback.tries);
    const code = errorCode(error);
    if (pauseMs === undefined) return this.giveUp(callback, code);
    this.deps.logger.warn({ ...about(callback), code, pauseMs }, 'a receipt could not be applied');
    await putBackCallback(this.deps.db, callback, { pauseMs, error: code });
  }

  private async giveUp(callback: StoredCallback, code: string): Promise<void> {
    await putBackCallback(this.deps.db, callback, { pauseMs: undefined, error: code });
    this.deps.metrics.givenUp.inc();
    this.deps.logger.error({ ...about(callback), code }, 'a receipt was given up; it stays in receipt_inbox');
  }
}

function about({ id, providerId, tries }: StoredCallback) {
  return { callbackId: id, providerId, tries };
}
