import { laneQueueName } from '@herald/contracts';
import { type Acceptance } from '@herald/db';
import { endSpan, isSampled, type Logger, type Span, SpanKind, startSpan } from '@herald/platform';
import { type Ring } from '@herald/queue';
import { type IngestMetrics } from '../metrics';

export interface RingBehindDeps {
  ring(rings: readonly Ring[]): Promise<void>;
  metrics: IngestMetrics;
  logger: Logger;
}

/** Flushes whose jobs are on their way to Redis. More means that Redis is slow: then the relay rings later. */
const MAX_UNDER_WAY = 200;

/** Rings for what a flush made durable, behind the answer. What fails here is repaired by the relay. */
export class RingBehind {
  private readonly underWay = new Set<Promise<void>>();

  constructor(private readonly deps: RingBehindDeps) {}

  flushed(accepted: readonly Acceptance[]): void {
    if (accepted.length === 0) return;
    this.count(accepted);
    if (this.underWay.size >= MAX_UNDER_WAY) {
      this.deps.metrics.enqueueFailures.inc();
      return;
    }
    const ringing = this.ring(accepted).finally(() => this.underWay.delete(ringing));
    this.underWay.add(ringing);
  }

  /** Resolves once all jobs are put in or given up. */
  async drained(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private async ring(accepted: readonly Acceptance[]): Promise<void> {
    const rings = ringsOf(accepted);
    const spans = enqueueSpans(accepted);
    try {
      await this.deps.ring(rings);
      for (const span of spans) endSpan(span);
    } catch (error) {
      for (const span of spans) endSpan(span, {}, 'unavailable');
      this.deps.metrics.enqueueFailures.inc();
      this.deps.logger.warn({ err: error, deliveries: rings.length }, 'could not enqueue; the relay will');
    }
  }

  private count(accepted: readonly Acceptance[]): void {
    const { metrics } = this.deps;
    metrics.flushSize.observe(accepted.length);
    for (const { notification, live } of accepted) {
      metrics.accepted.inc({ lane: notification.lane, mode: live ? 'live' : 'test' });
      for (const { channel } of notification.deliveries)
        metrics.planned.inc({ channel, lane: notification.lane });
    }
  }
}

function ringsOf(accepted: readonly Acceptance[]): Ring[] {
  return accepted.flatMap(({ notification }) =>
    notification.deliveries
      .filter((delivery) => delivery.state === 'queued')
      .map(({ id, channel }) => ({ id, tenantId: notification.tenantId, channel, lane: notification.lane })),
  );
}

/** In each trace one span for each queue, as the semantic conventions for messaging name it. */
function enqueueSpans(accepted: readonly Acceptance[]): Span[] {
  const counts = new Map<string, { traceparent: string; queue: string; count: number }>();
  for (const { notification, traceparent } of accepted) {
    if (!traceparent || !isSampled(traceparent)) continue;
    for (const { channel, state } of notification.deliveries) {
      if (state !== 'queued') continue;
      const queue = laneQueueName(channel, notification.lane);
      const entry = counts.get(`${traceparent} ${queue}`) ?? { traceparent, queue, count: 0 };
      counts.set(`${traceparent} ${queue}`, { ...entry, count: entry.count + 1 });
    }
  }
  return [...counts.values()].flatMap(({ traceparent, queue, count }) => {
    const attributes = {
      'messaging.system': 'bullmq',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': queue,
      'messaging.batch.message_count': count,
    };
    return startSpan(`send ${queue}`, traceparent, { kind: SpanKind.PRODUCER, attributes }) ?? [];
  });
}
