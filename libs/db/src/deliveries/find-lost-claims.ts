import { type Channel, type DeliveryPolicy } from '@herald/contracts';
import { type Database } from '../connection/database';

/** A delivery whose worker let the lease run out: crashed, or cut off from Postgres. */
export interface LostClaim {
  id: string;
  tenantId: string;
  claim: number;
  attempt: number;
  attemptsInPolicy: number;
  channel: Channel;
  policy: DeliveryPolicy;
  firstDueAt: Date;
  expiresAt: Date | null;
  leaseUntil: Date;
  now: Date;
}

/** Deliveries in `sending` whose lease ran out, oldest first. Only the open ones are in the index this reads. */
export async function findLostClaims(db: Database, channel: Channel, limit: number): Promise<LostClaim[]> {
  return db.rows<LostClaim & Record<string, unknown>>(
    `SELECT id, tenant_id AS "tenantId", claim, attempts AS attempt, attempts - attempts_before_replay AS "attemptsInPolicy", channel, policy,
       first_due_at AS "firstDueAt", expires_at AS "expiresAt", lease_until AS "leaseUntil", now() AS now
     FROM deliveries
     WHERE channel = $1 AND lane = ANY('{critical,default,bulk}') AND due_at IS NOT NULL
       AND state = 'sending' AND lease_until < now()
     ORDER BY due_at LIMIT $2`,
    [channel, limit],
  );
}
