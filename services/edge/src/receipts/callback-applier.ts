import { type Database, deleteCallbacks, putBackCallback, type StoredCallback } from '@herald/db';
import { Coalescer, isUnavailable, type Logger, quietly } from '@herald/platform';
import { type EdgeMetrics } from '../metrics';
import { errorCode, isAbandoned, pauseAfterFailure } from './after-failure';

export interface CallbackApplierDeps {
  db: Database;
  apply(callback: StoredCallback): Promise<void>;
  metrics: EdgeMetrics;
  logger: Logger;
}

interface Held {
  callback: StoredCallback;
  until: number;
}

/** Together with what stores callbacks, well below the connections of the default pool. */
const CONCURRENCY = 4;
const MAX_DELETED_AT_ONCE = 500;

/**
 * Applies stored callbacks, a few at once, and deletes them from the inbox. What is posted to one URL is applied in the
 * order it came: of a delivery, so that its timeline has no gaps, and of an account, since "stop" and "start" of one sender
 * stand there. Different URLs do not wait for each other.
 */
export class CallbackApplier {
  private readonly applying: Coalescer<Held, void>;
  private readonly applied: Coalescer<string, void>;
  private readonly tellOutage: (error: Error) => void;

  constructor(private readonly deps: CallbackApplierDeps) {
    this.applying = new Coalescer(async ([held]) => [await this.run(held as Held)], {
      maxBatch: 1,
      maxInFlight: CONCURRENCY,
      keyOf: ({ callback }) => callback.deliveryId ?? callback.providerId,
    });
    this.applied = new Coalescer(
      async (ids) => {
        await deleteCallbacks(deps.db, ids);
        return ids.map(() => undefined);
      },
      { maxBatch: MAX_DELETED_AT_ONCE, maxInFlight: 1 },
    );
    this.tellOutage = quietly(deps.logger, 'receipts cannot be applied yet');
  }

  /** Callbacks that wait for their turn. */
  get waiting(): number {
    return this.applying.waiting;
  }

  /**
   * Applies a callback that the caller has taken; resolves when this process is done with it, whatever came of it.
   * @param until when it stops being the caller's, by the monotonic clock
   */
  async apply(callback: StoredCallback, until: number): Promise<void> {
    // Rejected only when the process stops: the next who looks takes it.
    await this.applying.submit({ callback, until }).catch(() => undefined);
  }

  /** Resolves when nothing waits or is under way; after `deadlineMs` what waits is left to others. */
  async drain(deadlineMs: number): Promise<void> {
    const timer = setTimeout(() => this.applying.rejectWaiting(new Error('Stopping')), deadlineMs);
    await this.applying.drained();
    clearTimeout(timer);
  }

  private async run({ callback, until }: Held): Promise<void> {
    if (performance.now() >= until) return;
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
