import {
  ADMIN_LIMITS,
  type EndpointReplayResultDto,
  type EndpointReplayState,
  type ReplayEndpointDto,
} from '@herald/contracts';
import { type Database, type DueDelivery, replayEndpoint } from '@herald/db';
import { idTime } from '@herald/domain';
import { type Logger } from '@herald/platform';
import { type DeliveryQueues } from '@herald/queue';
import { type AdminMetrics } from '../metrics';
import { REDIS_PATIENCE_MS, within } from '../within';

export type ReplayQueues = Pick<DeliveryQueues, 'ring' | 'hideDead'>;

export interface ReplayDeps {
  db: Database;
  queues: ReplayQueues;
  metrics: Pick<AdminMetrics, 'ringFailures'>;
}

const DEFAULT_STATES: readonly EndpointReplayState[] = ['failed', 'dead', 'skipped'];
const STEP = 500;

/** Puts events of an endpoint back in the queue in steps, each of which is durable by itself. */
export async function replayEvents(
  deps: ReplayDeps,
  of: { tenantId: string; endpointId: string; wanted: ReplayEndpointDto; log: Logger },
): Promise<EndpointReplayResultDto> {
  const { tenantId, endpointId, wanted } = of;
  const { states = DEFAULT_STATES } = wanted;
  const since = wanted.since === undefined ? undefined : Date.parse(wanted.since);
  const until = wanted.until === undefined ? undefined : Date.parse(wanted.until);
  let replayed = 0;
  let after: string | undefined;
  while (replayed < ADMIN_LIMITS.endpointReplay) {
    const step = { tenantId, endpointId, states, since, until, limit: STEP, after };
    const some = await replayEndpoint(deps.db, step);
    if (some.length > 0) await tellRedis(deps, of.log, some);
    replayed += some.length;
    if (some.length < STEP) return { replayed };
    after = some.at(-1)?.id;
  }
  return { replayed, ...(after && { continueSince: new Date(idTime(after) + 1).toISOString() }) };
}

/** What is replayed is durable already: without Redis the relay rings for it a little later. */
async function tellRedis(
  { queues, metrics }: ReplayDeps,
  log: Logger,
  some: readonly DueDelivery[],
): Promise<void> {
  try {
    await within(
      REDIS_PATIENCE_MS,
      queues.ring(some).then(() => queues.hideDead(some)),
    );
  } catch (error) {
    metrics.ringFailures.inc();
    log.warn({ err: error }, 'Redis could not be told of replayed events');
  }
}
