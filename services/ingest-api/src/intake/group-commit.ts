import { type Acceptance, type AcceptResult, acceptNotifications, type Database } from '@herald/db';
import { Coalescer, isUnavailable, overloaded, ProblemError } from '@herald/platform';

export interface GroupCommitOptions {
  db: Database;
  /** Requests that may wait for a commit; more are refused as overload. */
  maxWaiting: number;
  /** A flush failed because Postgres cannot be reached. */
  onUnavailable(error: unknown): void;
  /** Called once for each flush, with what it made durable. Must not throw. */
  onAccepted(accepted: readonly Acceptance[]): void;
  now(): number;
}

/** Deliveries per flush at most, and flushes under way at once: measured best on two cores. */
const MAX_BATCH = 200;
const MAX_IN_FLIGHT = 2;
/** After Postgres failed, requests are refused at once for this long; then one flush tries again. */
const HOLD_OFF_MS = 500;

/**
 * Makes requests durable together: those of the last few milliseconds share one transaction. Twins with one
 * idempotency key never share a flush, so the second sees what became of the first.
 */
export class GroupCommit {
  private readonly coalescer: Coalescer<Acceptance, AcceptResult>;
  private refusedUntil = 0;

  constructor(private readonly options: GroupCommitOptions) {
    this.coalescer = new Coalescer((batch) => this.flush(batch), {
      maxBatch: MAX_BATCH,
      maxInFlight: MAX_IN_FLIGHT,
      keyOf: keyOf,
      weightOf: (item) => item.notification.deliveries.length,
    });
  }

  get waiting(): number {
    return this.coalescer.waiting;
  }

  /** Resolves once the request is durable, or was before. @throws ProblemError 503 when it cannot be made so now */
  async submit(acceptance: Acceptance): Promise<AcceptResult> {
    if (this.options.now() < this.refusedUntil) throw new ProblemError('unavailable');
    if (this.coalescer.waiting >= this.options.maxWaiting) throw overloaded();
    return this.coalescer.submit(acceptance);
  }

  /** Resolves once everything submitted has its result. */
  drained(): Promise<void> {
    return this.coalescer.drained();
  }

  private async flush(batch: readonly Acceptance[]): Promise<readonly AcceptResult[]> {
    try {
      const results = await acceptNotifications(this.options.db, batch);
      this.options.onAccepted(batch.filter((_item, index) => results[index]?.kind === 'accepted'));
      return results;
    } catch (error) {
      if (!isUnavailable(error)) return this.isolate(batch, error);
      this.refusedUntil = this.options.now() + HOLD_OFF_MS;
      this.options.onUnavailable(error);
      // Whoever waits behind a database that is away would wait for its time-out again.
      this.coalescer.rejectWaiting(new ProblemError('unavailable'));
      throw error;
    }
  }

  /**
   * A request that Postgres refuses for its data must not fail those it shares a flush with: each half is tried by
   * itself, down to the culprit.
   */
  private async isolate(batch: readonly Acceptance[], error: unknown): Promise<readonly AcceptResult[]> {
    if (batch.length === 1) return [{ kind: 'refused', error }];
    const middle = batch.length >> 1;
    const halves = [batch.slice(0, middle), batch.slice(middle)];
    const results: AcceptResult[] = [];
    for (const half of halves) results.push(...(await this.flush(half)));
    return results;
  }
}

function keyOf({ idempotency, live, notification }: Acceptance): string | undefined {
  return idempotency && `${notification.tenantId} ${live} ${idempotency.key}`;
}
