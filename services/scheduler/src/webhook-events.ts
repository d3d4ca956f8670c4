import {
  type Database,
  disableEndpoint,
  type FedEvent,
  feedEvents,
  findTroubledEndpoints,
  outboxFigures,
} from '@herald/db';
import { endpointVerdict } from '@herald/domain';
import { type Logger } from '@herald/platform';
import { type DeliveryQueues } from '@herald/queue';
import { type WebhookEventMetrics } from './webhook-event-metrics';

export interface WebhookEventDeps {
  db: Database;
  queues: Pick<DeliveryQueues, 'available' | 'ring'>;
  logger: Logger;
  metrics: WebhookEventMetrics;
}

/** Events that become webhooks by one statement. */
const FEED_LIMIT = 500;

/** Turns what stands in the outbox into webhooks and rings for them, until little is left. Without Redis it waits there. */
export async function feedTurn(
  { db, queues, metrics }: WebhookEventDeps,
  signal: AbortSignal,
): Promise<void> {
  let fed: FedEvent[];
  do {
    if (signal.aborted || !queues.available) break;
    fed = await feedEvents(db, FEED_LIMIT);
    const due = fed.flatMap(({ delivery }) => (delivery ? [delivery] : []));
    for (const { type, delivery } of fed) if (delivery) metrics.events.inc({ type });
    if (due.length > 0) await queues.ring(due);
  } while (fed.length === FEED_LIMIT);
  const { depth, oldestAgeMs } = await outboxFigures(db);
  metrics.outboxDepth.set(depth);
  metrics.outboxOldestAge.set(oldestAgeMs / 1000);
}

/** Disables the endpoints that are gone or have failed for too long. Of several schedulers one does it to each. */
export async function endpointHealthTurn(
  { db, logger, metrics }: Omit<WebhookEventDeps, 'queues'>,
  signal: AbortSignal,
): Promise<void> {
  for (const endpoint of await findTroubledEndpoints(db)) {
    if (signal.aborted) return;
    const reason = endpointVerdict(endpoint);
    if (!reason || !(await disableEndpoint(db, endpoint, reason))) continue;
    const { id, tenantId, failingSince } = endpoint;
    metrics.disabled.inc({ reason });
    logger.warn({ endpointId: id, tenantId, reason, failingSince }, 'a webhook endpoint was disabled');
  }
}
