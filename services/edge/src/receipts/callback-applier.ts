import { type Database, deleteCallbacks, putBackCallback, type StoredCallback } from '@herald/db';
import { Coalescer, FairSlots, isUnavailable, type Logger, quietly } from '@herald/platform';
import { type EdgeMetrics } from '../metrics';
import { errorCode, isAbandoned, pauseAfterFailure } from './after-failure';

export interface CallbackApplierDeps {
  db: Database;
  /** Applies callbacks of one provider, as far as they were not applied before. */
  apply(callbacks: readonly StoredCallback[]): Promise<void>;
  metrics: EdgeMetrics;
  logger: Logger;
}

/** Together with what stores callbacks, well below the connections of the default pool. Of five a tenant has four at most. */
const CONCURRENCY = 5;
/** Of a tenant with more here, what is taken would only wait too. */
const CROWD = 100;
const MAX_DELETED_AT_ONCE = 500;
/** Of one URL, what is applied together; a callback that is larger goes alone. */
const MAX_TOGETHER = 100;
const MAX_BYTES_TOGETHER = 1024 * 1024;

/** A callback that this process took. */
interface Held {
  callback: StoredCallback;
  /** When it stops being this process', by the monotonic clock. */
  until: number;
  done(): void;
}

/**
 * Applies stored callbacks, a few at once, and deletes them from the inbox. What is posted to one URL is applied in the
 * order it came: of a delivery, so that its timeline has no gaps, and of an account, since "stop" and "start" of one sender
 * stand there. What came while one was applied is applied together. Different URLs do not wait for each other, and no tenant
 * for another one's callbacks.
 */
export class CallbackApplier {
  private readonly slots = new FairSlots(CONCURRENCY, () => undefined);
  /** Of each URL of which something is under way, what is not begun. */
  private readonly queues = new Map<string, Held[]>();
  private readonly atWork = new Set<Promise<void>>();
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
    const { tenantId } = callback;
    this.here.set(tenantId, (this.here.get(tenantId) ?? 0) + 1);
    await new Promise<void>((done) => this.enqueue({ callback, until, done }));
    const left = (this.here.get(tenantId) as number) - 1;
    if (left > 0) this.here.set(tenantId, left);
    else this.here.delete(tenantId);
  }

  /** Resolves when nothing waits or is under way; after `deadlineMs` what waits is left to others. */
  async drain(deadlineMs: number): Promise<void> {
    const timer = setTimeout(() => {
      this.leaving = true;
    }, deadlineMs);
    while (this.atWork.size > 0) await Promise.all(this.atWork);
    clearTimeout(timer);
  }

  private enqueue(held: Held): void {
    const { deliveryId, providerId } = held.callback;
    const url = deliveryId ?? providerId;
    const queue = this.queues.get(url);
    if (queue) {
      queue.push(held);
      return;
    }
    this.queues.set(url, [held]);
    const work = this.workOn(url).then(() => {
      this.atWork.delete(work);
    });
    this.atWork.add(work);
  }

  private async workOn(url: string): Promise<void> {
    const queue = this.queues.get(url) as Held[];
    while (queue.length > 0) {
      const { tenantId } = (queue[0] as Held).callback;
      await this.slots.run(tenantId, async () => {
        const together = takeTogether(queue);
        await this.run(together);
        for (const { done } of together) done();
      });
    }
    this.queues.delete(url);
  }

  private async run(held: readonly Held[]): Promise<void> {
    const ours = held.filter(({ until }) => !this.leaving && performance.now() < until);
    const callbacks = ours.map(({ callback }) => callback);
    const [first] = callbacks;
    if (!first) return;
    try {
      if (isAbandoned(first.tries)) return await this.giveUp(first, 'abandoned');
      await this.deps.apply(callbacks);
      await Promise.all(callbacks.map(({ id }) => this.applied.submit(id)));
    } catch (error) {
      // What is wrong with one of them is not held against the others.
      if (ours.length > 1 && !isUnavailable(error)) for (const one of ours) await this.run([one]);
      else await this.failed(first, error).catch((e) => this.tellOutage(e as Error));
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

/**
 * Takes what comes first: one that was tried before alone, since it may end the process; else as many as there are of one
 * provider (a delivery's URL can be of several).
 */
function takeTogether(queue: Held[]): Held[] {
  const [{ callback: first }] = queue as [Held];
  let bytes = 0;
  const end = queue.findIndex(({ callback }, n) => {
    bytes += callback.body.length;
    if (n === 0) return false;
    const isNew = first.tries <= 1 && callback.tries <= 1;
    return (
      !isNew || callback.providerId !== first.providerId || n >= MAX_TOGETHER || bytes > MAX_BYTES_TOGETHER
    );
  });
  return queue.splice(0, end === -1 ? queue.length : end);
}

function about({ id, providerId, tries }: StoredCallback) {
  return { callbackId: id, providerId, tries };
}
