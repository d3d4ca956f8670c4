import { type Channel, type Lane } from '@herald/contracts';
import { type ClaimedDelivery, type OutcomeRecord, type RecordedOutcome } from '@herald/db';
import { isUnavailable, type Logger } from '@herald/platform';
import { type Ring } from '@herald/queue';
import pLimit, { type LimitFunction } from 'p-limit';
import { type AttemptDeps, attempt } from './attempt';
import { type Claim, type Claimer } from './claimer';
import { type LeaseKeeper } from './lease-keeper';
import { type DeliveryMetrics } from './metrics';
import { type Recorder } from './recorder';

export interface DeliveryWorkerOptions<C extends Channel> {
  claimer: Claimer;
  lane: Lane;
  /** Provider calls at once. */
  concurrency: number;
  attempt: AttemptDeps<C>;
  leases: LeaseKeeper;
  recorder: Recorder;
  metrics: DeliveryMetrics;
  logger: Logger;
  /** Rings for retries and shows dead letters; a failure is repaired by the relay. */
  ring(rings: readonly Ring[]): Promise<void>;
  showDead(letters: readonly { id: string; channel: Channel; reason: string }[]): Promise<void>;
}

/**
 * Works on the jobs of one lane: claims a job's deliveries in one statement and runs each under the lane's limit, so
 * that a slow one holds up no other. A job is done when all its outcomes are recorded.
 */
export class DeliveryWorker<C extends Channel> {
  private readonly limit: LimitFunction;
  private readonly stopping = new AbortController();
  private readonly admitted: (() => void)[] = [];
  private inWork = 0;
  private draining = false;

  constructor(private readonly options: DeliveryWorkerOptions<C>) {
    this.limit = pLimit(options.concurrency);
  }

  /** Works on a job. Rejects only when the claim failed, and then nothing was claimed. */
  async process(ids: readonly string[]): Promise<void> {
    await this.admit();
    if (this.draining) return this.ringAgain(ids);
    const { claimer, leases } = this.options;
    this.inWork += ids.length;
    let claim: Claim | undefined;
    try {
      claim = await claimer.take(ids);
    } finally {
      this.finished(ids.length - (claim?.claimed.length ?? 0));
    }
    const { claimed, startedAt } = claim;
    for (const delivery of claimed) leases.hold(delivery.id, delivery.claim, startedAt);
    await Promise.all(claimed.map((delivery) => this.limit(() => this.deliver(delivery))));
  }

  /** From now on nothing new is begun: what was claimed and not begun is given back. */
  drain(): void {
    this.draining = true;
    for (const admit of this.admitted.splice(0)) admit();
  }

  /** Cuts off the provider calls under way; their outcome is what the provider makes of the abort. */
  abort(): void {
    this.drain();
    this.stopping.abort();
  }

  /** Claims no more than about one job beyond what can be sent at once, so that leases are not spent on waiting. */
  private admit(): Promise<void> | undefined {
    if (this.inWork < this.options.concurrency || this.draining) return undefined;
    return new Promise((resolve) => this.admitted.push(resolve));
  }

  private finished(count: number): void {
    this.inWork -= count;
    if (this.inWork < this.options.concurrency) this.admitted.shift()?.();
  }

  private async deliver(delivery: ClaimedDelivery): Promise<void> {
    const { leases, recorder, metrics, logger } = this.options;
    const labels = { channel: delivery.channel, lane: delivery.lane };
    metrics.inFlight.inc(labels);
    try {
      if (!this.draining && !leases.isSafe(delivery.id)) {
        // Postgres stalled or this process did: the reaper gives the delivery to someone else.
        metrics.fenced.inc({ channel: delivery.channel });
        return;
      }
      const record = this.draining ? release(delivery) : await this.tryAttempt(delivery);
      const written = record && (await recorder.record(record));
      if (!record) return;
      if (written) await this.after(delivery, record, written);
      else {
        metrics.fenced.inc({ channel: delivery.channel });
        logger.warn({ deliveryId: delivery.id, state: record.state }, 'outcome was fenced off');
      }
    } finally {
      leases.release(delivery.id);
      metrics.inFlight.dec(labels);
      this.finished(1);
    }
  }

  /**
   * What throws is a bug or lost infrastructure, and whether the provider was reached is not known: the delivery keeps
   * its claim until the lease runs out, and then its policy decides.
   */
  private async tryAttempt(delivery: ClaimedDelivery): Promise<OutcomeRecord | undefined> {
    try {
      return await attempt(this.options.attempt, delivery, this.stopping.signal);
    } catch (error) {
      const { logger } = this.options;
      if (isUnavailable(error))
        logger.warn({ err: error, deliveryId: delivery.id }, 'an attempt was cut short');
      else logger.error({ err: error, deliveryId: delivery.id }, 'an attempt threw');
      return undefined;
    }
  }

  private async after(
    delivery: ClaimedDelivery,
    record: OutcomeRecord,
    written: RecordedOutcome,
  ): Promise<void> {
    const { metrics } = this.options;
    const { id, channel, lane } = delivery;
    metrics.settled.inc({ channel, lane, state: written.state });
    if (written.state === 'sent' || written.state === 'delivered') {
      metrics.dueToSent.observe({ channel, lane }, written.sinceDueMs / 1000);
    } else if (written.state === 'queued' && record.called) {
      metrics.retries.inc({ channel, reason: record.called.reason ?? 'temporary_failure' });
      await this.tryRing([{ id, channel, lane, delayMs: record.delayMs }]);
    } else if (written.state === 'queued') {
      await this.tryRing([{ id, channel, lane, delayMs: record.delayMs }]);
    } else if (written.state === 'dead') {
      metrics.deadLetters.inc({ channel, reason: record.reason ?? 'retries_exhausted' });
      await this.tryShowDead(delivery, record);
    }
  }

  private async ringAgain(ids: readonly string[]): Promise<void> {
    const { channel } = this.options.attempt.channel;
    await this.tryRing(ids.map((id) => ({ id, channel, lane: this.options.lane })));
  }

  private async tryRing(rings: readonly Ring[]): Promise<void> {
    try {
      await this.options.ring(rings);
    } catch (error) {
      this.options.logger.warn({ err: error, deliveries: rings.length }, 'could not ring; the relay will');
    }
  }

  private async tryShowDead(delivery: ClaimedDelivery, record: OutcomeRecord): Promise<void> {
    try {
      await this.options.showDead([
        { id: delivery.id, channel: delivery.channel, reason: record.reason ?? '' },
      ]);
    } catch (error) {
      this.options.logger.warn({ err: error }, 'a dead letter could not be shown in the queue');
    }
  }
}

/** Gives a claimed delivery back untouched. */
function release(delivery: ClaimedDelivery): OutcomeRecord {
  const { id, tenantId, claim, attempt: number } = delivery;
  return { id, tenantId, claim, attempt: number, state: 'queued', delayMs: 0 };
}
