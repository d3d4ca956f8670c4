import { laneQueueName } from '@herald/contracts';
import { type ClaimedDelivery, type OutcomeRecord } from '@herald/db';
import { endSpan, isSampled, SpanKind, startSpan, traceparentOf } from '@herald/platform';

/**
 * The span of a claim, which serves deliveries of many traces: it is in the trace of the first that is sampled, and linked to
 * all of them. Gives its `traceparent`, or nothing when no delivery is traced. `beganAt` is by the monotonic clock.
 */
export function traceClaim(claimed: readonly ClaimedDelivery[], beganAt: number): string | undefined {
  const first = claimed.find(({ traceparent }) => isSampled(traceparent));
  if (!first) return undefined;
  const queue = laneQueueName(first.channel, first.lane);
  const span = startSpan(`receive ${queue}`, first.traceparent, {
    kind: SpanKind.CLIENT,
    startedAt: Date.now() - (performance.now() - beganAt),
    links: [...new Set(claimed.map(({ traceparent }) => traceparent))],
    attributes: { ...messaging(queue, 'receive'), 'messaging.batch.message_count': claimed.length },
  });
  endSpan(span);
  return span && traceparentOf(span);
}

/** Runs the work on a delivery in a span of its own, which continues the request's trace and links to the claim. */
export async function traceDelivery(
  delivery: ClaimedDelivery,
  claim: string | undefined,
  work: (delivery: ClaimedDelivery) => Promise<OutcomeRecord | undefined>,
): Promise<void> {
  if (!isSampled(delivery.traceparent)) {
    await work(delivery);
    return;
  }
  const queue = laneQueueName(delivery.channel, delivery.lane);
  const span = startSpan(`process ${queue}`, delivery.traceparent, {
    kind: SpanKind.CONSUMER,
    links: [claim],
    attributes: {
      ...messaging(queue, 'process'),
      'messaging.message.id': delivery.id,
      'herald.notification.id': delivery.notificationId,
      'herald.tenant.id': delivery.tenantId,
      'herald.attempt': delivery.attempt,
    },
  });
  if (!span) {
    await work(delivery);
    return;
  }
  try {
    const record = await work({ ...delivery, traceparent: traceparentOf(span) });
    endSpan(span, { 'herald.state': record?.state }, record ? failureOf(record) : 'outcome_unknown');
  } catch (error) {
    endSpan(span, {}, 'internal');
    throw error;
  }
}

function failureOf({ state, reason }: OutcomeRecord): string | undefined {
  return state === 'failed' || state === 'dead' ? (reason ?? state) : undefined;
}

/** As the semantic conventions for messaging name it. */
function messaging(queue: string, operation: 'receive' | 'process') {
  return {
    'messaging.system': 'bullmq',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.destination.name': queue,
  };
}
