import { type Channel, type Lane } from '@herald/contracts';
import {
  type Database,
  findLostClaims,
  type LostClaim,
  type OutcomeRecord,
  recordOutcomes,
  type TenantBound,
} from '@herald/db';
import { type DeliveryMetrics } from '@herald/delivery';
import { type RetryPolicy, type SendOutcome, settle } from '@herald/domain';
import { type DeliveryQueues } from '@herald/queue';
import { type SchedulerMetrics } from './metrics';

export interface LostClaimDeps {
  db: Database;
  queues: DeliveryQueues;
  retryPolicies: Record<Channel, RetryPolicy>;
  metrics: SchedulerMetrics;
  deliveryMetrics: DeliveryMetrics;
}

const LIMIT = 500;

/** Nobody can know whether the provider was reached, so the delivery's policy decides. */
const WORKER_LOST: SendOutcome = {
  outcome: 'ambiguous',
  reason: 'worker_lost',
  code: 'worker_lost',
  detail: 'The lease ran out before an outcome was recorded.',
};

/**
 * Settles deliveries whose worker let the lease run out. Written under the lost claim, like the worker's own outcome:
 * whichever comes first wins, and a worker that comes back later is fenced off.
 */
export async function recoverLostClaims(
  deps: LostClaimDeps,
  lane: { channel: Channel; lane: Lane; bounds: readonly TenantBound[] },
): Promise<void> {
  const lost = await findLostClaims(deps.db, { ...lane, limit: LIMIT });
  if (lost.length === 0) return;
  const records = lost.map((claim) => toRecord(claim, deps.retryPolicies[lane.channel]));
  const written = await recordOutcomes(deps.db, records);
  deps.metrics.lostClaims.inc({ channel: lane.channel }, written.length);
  const recordOf = new Map(records.map((record) => [record.id, record]));
  const again = written.filter((row) => row.state === 'queued');
  const dead = written.filter((row) => row.state === 'dead');
  await deps.queues.ring(
    again.map(({ id, channel, lane: name }) => {
      const { tenantId, delayMs } = recordOf.get(id) as OutcomeRecord;
      return { id, tenantId, channel, lane: name, delayMs };
    }),
  );
  for (const row of dead) {
    deps.deliveryMetrics.deadLetters.inc({
      channel: row.channel,
      reason: recordOf.get(row.id)?.reason ?? '',
    });
  }
  await deps.queues.showDead(
    dead.map(({ id, channel }) => ({ id, channel, reason: recordOf.get(id)?.reason ?? '' })),
  );
}

function toRecord(claim: LostClaim, retryPolicy: RetryPolicy): OutcomeRecord {
  const settlement = settle({
    outcome: WORKER_LOST,
    deliveryPolicy: claim.policy,
    alternative: false,
    retryPolicy,
    attempts: claim.attemptsInPolicy,
    firstDueAt: claim.firstDueAt.getTime(),
    expiresAt: claim.expiresAt?.getTime(),
    now: claim.now.getTime(),
    random: Math.random(),
  });
  return {
    id: claim.id,
    tenantId: claim.tenantId,
    claim: claim.claim,
    attempt: claim.attempt,
    toEndpoint: claim.toEndpoint,
    ...settlement,
    called: {
      provider: claim.provider ?? 'unknown',
      startedAt: claim.leaseUntil,
      durationMs: 0,
      outcome: 'ambiguous',
      reason: 'worker_lost',
      code: WORKER_LOST.code,
      detail: WORKER_LOST.detail,
    },
  };
}
