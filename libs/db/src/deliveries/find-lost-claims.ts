import { type Channel, type DeliveryPolicy, type Lane } from '@herald/contracts';
import { type Database } from '../connection/database';
import { type TenantBound } from '../scheduling/ring-due';

/** A delivery whose worker let the lease run out: crashed, or cut off from Postgres. */
export interface LostClaim {
  id: string;
  tenantId: string;
  claim: number;
  attempt: number;
  attemptsInPolicy: number;
  channel: Channel;
  policy: DeliveryPolicy;
  provider: string | null;
  firstDueAt: Date;
  expiresAt: Date | null;
  leaseUntil: Date;
  /** See `ClaimedDelivery`. */
  toEndpoint: boolean;
  now: Date;
}

/**
 * Deliveries of a lane in `sending` whose lease ran out. What is being sent became due before anything that still waits in
 * its tenant's list, so only rows up to the list's oldest waiting one (`before`) are looked at, however long the backlog is.
 */
export async function findLostClaims(
  db: Database,
  lane: { channel: Channel; lane: Lane; bounds: readonly TenantBound[]; limit: number },
): Promise<LostClaim[]> {
  return db.prepared<LostClaim & Record<string, unknown>>(
    'find-lost-claims',
    `SELECT d.* FROM unnest($3::uuid[], $4::timestamptz[]) AS bound(tenant_id, before)
     CROSS JOIN LATERAL (
       SELECT id, tenant_id AS "tenantId", claim, attempts AS attempt,
         attempts - attempts_before_replay - failovers AS "attemptsInPolicy", channel, policy, provider,
         first_due_at AS "firstDueAt", expires_at AS "expiresAt", lease_until AS "leaseUntil", now() AS now,
         endpoint_id IS NOT NULL AS "toEndpoint"
       FROM deliveries
       WHERE channel = $1 AND lane = $2 AND tenant_id = bound.tenant_id AND due_at <= bound.before
         AND state = 'sending' AND lease_until < now()
       ORDER BY due_at LIMIT $5) d
     LIMIT $5`,
    [
      lane.channel,
      lane.lane,
      lane.bounds.map(({ tenantId }) => tenantId),
      lane.bounds.map(({ before }) => before),
      lane.limit,
    ],
  );
}
