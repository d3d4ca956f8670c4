import { type Channel } from '@herald/contracts';
import { type ClaimedDelivery, type OutcomeRecord, type RecordedOutcome } from '@herald/db';
import { FairSlots, isUnavailable, type Logger, traceIdOf } from '@herald/platform';
import { type Payload, type Ring, type Take } from '@herald/queue';
import { type AttemptDeps, attempt } from './attempt';
import { type Claim, type Claimer } from './claimer';
import { type LeaseKeeper } from './lease-keeper';
import { type DeliveryMetrics } from './metrics';
import { type Recorder } from './recorder';
import { TicketDesk } from './ticket-desk';
import { traceClaim, traceDelivery } from './trace-delivery';

/** The order in which the deliveries of the lane are to be worked on. */
export interface LaneOrder {
  take(budget: number, skip: readonly string[]): Promise<Take>;
  giveBack(payloads: readonly Payload[]): Promise<void>;
}

export interface DeliveryWorkerOptions<C extends Channel> {
  claimer: Claimer;
  order: LaneOrder;
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
 * Works on one lane: takes what is next in fair order, claims it in one statement and runs each delivery in one of the
 * lane's slots, so that a slow one holds up no other and a slow tenant no other tenant. A ticket is done when all the
 * outcomes of what it took are recorded.
 */
export class DeliveryWorker<C extends Channel> {
  private readonly slots: FairSlots;
  private readonly desk: TicketDesk;
  private readonly stopping = new AbortController();
  private draining = false;

  constructor(private readonly options: DeliveryWorkerOptions<C>) {
    this.slots = new FairSlots(options.concurrency, () => this.desk.wake());
    this.desk = new TicketDesk({
      slots: this.slots,
      take: (budget, skip) => options.order.take(budget, skip),
      begin: (payloads) => this.begin(payloads),
    });
  }

  /** Works for one ticket; see `TicketDesk.serve`. */
  process(): Promise<'done' | 'returned'> {
    return this.desk.serve();
  }

  /** Changes how many provider calls are made at once. */
  resize(concurrency: number): void {
    this.slots.resize(concurrency);
  }

  /** From now on nothing new is begun: what was claimed and not begun is given back. */
  drain(): void {
    this.draining = true;
    this.desk.close();
    this.slots.open();
  }

  /** Cuts off the provider calls under way; their outcome is what the provider makes of the abort. */
  abort(): void {
    this.drain();
    this.stopping.abort();
  }

  private async begin(payloads: readonly Payload[]): Promise<'done' | 'given back'> {
    const { claimer, leases } = this.options;
    if (this.draining) return this.giveBack(payloads);
    for (const { tenantId, ids } of payloads) this.slots.reserve(tenantId, ids.length);
    let claim: Claim;
    try {
      claim = await claimer.take(payloads.flatMap(({ ids }) => ids));
    } catch (error) {
      // A fault of ours would come again at once: then the relay rings for them, after a while.
      if (!isUnavailable(error)) throw error;
      this.options.logger.warn({ err: error }, 'deliveries cannot be claimed: giving them back');
      return await this.giveBack(payloads);
    } finally {
      for (const { tenantId, ids } of payloads) this.slots.release(tenantId, ids.length);
    }
    const { claimed, startedAt } = claim;
    for (const delivery of claimed) leases.hold(delivery.id, delivery.claim, startedAt);
    const cause = traceClaim(claimed, startedAt);
    await Promise.all(
      claimed.map((delivery) =>
        this.slots.run(delivery.tenantId, () =>
          traceDelivery(delivery, cause, (traced) => this.deliver(traced)),
        ),
      ),
    );
    return 'done';
  }

  private async giveBack(payloads: readonly Payload[]): Promise<'given back'> {
    try {
      await this.options.order.giveBack(payloads);
    } catch (error) {
      this.options.logger.warn({ err: error }, 'deliveries could not be given back; the relay will ring');
    }
    return 'given back';
  }

  /** Gives what was recorded; nothing when the delivery is left to others. */
  private async deliver(delivery: ClaimedDelivery): Promise<OutcomeRecord | undefined> {
    const { leases, recorder, metrics, logger } = this.options;
    const labels = { channel: delivery.channel, lane: delivery.lane };
    metrics.inFlight.inc(labels);
    try {
      // Without a safe lease Postgres stalled, or this process did. No provider was called, so nothing is ambiguous yet.
      const begin = !this.draining && leases.isSafe(delivery.id);
      const record = begin ? await this.tryAttempt(delivery) : release(delivery);
      const written = record && (await recorder.record(record));
      if (!record) return undefined;
      if (written) {
        await this.after(delivery, record, written);
        return record;
      }
      metrics.fenced.inc({ channel: delivery.channel });
      logger.warn({ ...idsOf(delivery), state: record.state }, 'outcome was fenced off');
      return undefined;
    } finally {
      leases.release(delivery.id, delivery.claim);
      metrics.inFlight.dec(labels);
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
      if (isUnavailable(error)) logger.warn({ err: error, ...idsOf(delivery) }, 'an attempt was cut short');
      else logger.error({ err: error, ...idsOf(delivery) }, 'an attempt threw');
      return undefined;
    }
  }

  private async after(
    delivery: ClaimedDelivery,
    record: OutcomeRecord,
    written: RecordedOutcome,
  ): Promise<void> {
    const { metrics } = this.options;
    const { id, tenantId, channel, lane } = delivery;
    metrics.settled.inc({ channel, lane, state: written.state });
    if (written.state === 'sent' || written.state === 'delivered') {
      metrics.dueToSent.observe({ channel, lane }, written.sinceDueMs / 1000);
    } else if (written.state === 'queued' && record.failover) {
      const { provider = '', reason = '' } = record.called ?? {};
      metrics.failovers.inc({ channel, provider, reason });
      await this.tryRing([{ id, tenantId, channel, lane, delayMs: record.delayMs }]);
    } else if (written.state === 'queued' && record.called) {
      metrics.retries.inc({ channel, reason: record.called.reason ?? 'temporary_failure' });
      await this.tryRing([{ id, tenantId, channel, lane, delayMs: record.delayMs }]);
    } else if (written.state === 'queued') {
      await this.tryRing([{ id, tenantId, channel, lane, delayMs: record.delayMs }]);
    } else if (written.state === 'dead') {
      metrics.deadLetters.inc({ channel, reason: record.reason ?? 'retries_exhausted' });
      await this.tryShowDead(delivery, record);
    }
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

/** What a line in the log says of a delivery. */
function idsOf({ id, traceparent }: ClaimedDelivery): { deliveryId: string; traceId?: string } {
  return { deliveryId: id, traceId: traceIdOf(traceparent) };
}

/** Gives a claimed delivery back untouched. */
function release(delivery: ClaimedDelivery): OutcomeRecord {
  const { id, tenantId, claim, attempt: number } = delivery;
  return { id, tenantId, claim, attempt: number, state: 'queued', delayMs: 0 };
}
