import { type Channel, type Lane } from '@herald/contracts';
import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';

/** A delivery that a job must be made for. */
export interface DueDelivery {
  id: string;
  tenantId: string;
  channel: Channel;
  lane: Lane;
}

/** Up to when a tenant's deliveries in a lane are meant. */
export interface TenantBound {
  tenantId: string;
  before: Date;
}

/** The tenants that have something due in a lane, by the database's clock. */
export interface DueTenants {
  now: Date;
  tenantIds: string[];
}

/**
 * The tenants that have deliveries in a lane which are due: queued, or being sent. Hops from tenant to tenant in the index,
 * so that it costs the same however many deliveries each has (measured: 1,000 tenants and 1,000,000 rows of one of them,
 * 12 partitions: see docs/adr/0010).
 */
export async function findDueTenants(
  db: Database,
  lane: { channel: Channel; lane: Lane },
): Promise<DueTenants> {
  const rows = await db.prepared<{ now: Date; tenantId: string | null }>('due-tenants', DUE_TENANTS, [
    lane.channel,
    lane.lane,
  ]);
  return {
    now: (rows[0] as { now: Date }).now,
    tenantIds: rows.flatMap(({ tenantId }) => (tenantId === null ? [] : [tenantId])),
  };
}

const DUE_TENANTS = `
WITH RECURSIVE tenant AS (
  (SELECT tenant_id, due_at FROM deliveries
   WHERE channel = $1 AND lane = $2 AND due_at IS NOT NULL
   ORDER BY tenant_id, due_at LIMIT 1)
  UNION ALL
  SELECT n.tenant_id, n.due_at FROM tenant t CROSS JOIN LATERAL (
    SELECT tenant_id, due_at FROM deliveries
    WHERE channel = $1 AND lane = $2 AND due_at IS NOT NULL AND tenant_id > t.tenant_id
    ORDER BY tenant_id, due_at LIMIT 1) n
)
SELECT now() AS now, tenant_id AS "tenantId"
FROM (SELECT 1) one LEFT JOIN (SELECT tenant_id FROM tenant WHERE due_at <= now()) due ON true`;

/**
 * Looks up since when the oldest waiting deliveries of tenants are due. A tenant is missing from the result when none of
 * those given for it is queued any more.
 */
export async function findHeads(
  db: Database,
  heads: readonly { tenantId: string; ids: readonly string[] }[],
): Promise<Map<string, Date>> {
  const ids = heads.flatMap((head) => head.ids);
  if (ids.length === 0) return new Map();
  const { low, high } = idBounds(ids);
  const rows = await db.prepared<{ tenantId: string; dueAt: Date }>(
    'lane-heads',
    `SELECT tenant_id AS "tenantId", min(due_at) AS "dueAt" FROM deliveries
     WHERE id = ANY($1::uuid[]) AND id BETWEEN $2::uuid AND $3::uuid AND state = 'queued' GROUP BY tenant_id`,
    [ids, low, high],
  );
  return new Map(rows.map(({ tenantId, dueAt }) => [tenantId, dueAt]));
}

/**
 * Deliveries that are queued in Postgres but wait nowhere in Redis: never enqueued, or Redis lost them.
 *
 * A tenant's list in a lane is first in, first out, so a row that became due later than the list's head is still behind
 * it, and only those due before it (`before`, some grace earlier) can be lost. A row that is rung gets `due_at = now()`: it
 * stands at the tail again, like its id in the list, and is not rung twice. That keeps a backlog from being multiplied.
 *
 * @param lane.share how many of each tenant at most
 */
export async function ringOverdue(
  db: Database,
  lane: { channel: Channel; lane: Lane; bounds: readonly TenantBound[]; share: number },
): Promise<DueDelivery[]> {
  return db.prepared<DueDelivery & Record<string, unknown>>(
    'ring-overdue',
    `WITH lost AS (
       SELECT d.id FROM unnest($3::uuid[], $4::timestamptz[]) AS bound(tenant_id, before)
       CROSS JOIN LATERAL (
         SELECT id FROM deliveries
         WHERE channel = $1 AND lane = $2 AND tenant_id = bound.tenant_id AND due_at < bound.before AND state = 'queued'
         ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED) d
     )
     UPDATE deliveries d SET due_at = now(), updated_at = now(), reason = coalesce(d.reason, 'rescued') FROM lost
     WHERE d.id = lost.id AND d.state = 'queued'
     RETURNING d.id, d.tenant_id AS "tenantId", d.channel, d.lane`,
    [
      lane.channel,
      lane.lane,
      lane.bounds.map(({ tenantId }) => tenantId),
      lane.bounds.map(({ before }) => before),
      lane.share,
    ],
  );
}

/** What waits for its time in one lane. */
export interface DueLane {
  lane: Lane;
  limit: number;
}

/**
 * Puts back what was sent and got no receipt in the time that its request gave: the providers that it has tried, the last
 * one among them, stand on the row, so another one gets it. What a receipt said of the last one no longer holds, but that
 * it was sent does (see `herald_final_state`). What expired meanwhile stays as it is.
 */
export async function failOverUnconfirmed(db: Database, { lane, limit }: DueLane): Promise<DueDelivery[]> {
  return db.prepared<DueDelivery & Record<string, unknown>>(
    'fail-over-unconfirmed',
    `WITH due AS (
       SELECT id, coalesce(expires_at <= now(), false) AS expired FROM deliveries
       WHERE lane = $1 AND wake_at <= now() AND state = 'sent'
       ORDER BY wake_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ), put_back AS (
       UPDATE deliveries d SET state = 'queued', reason = 'receipt_missing', code = NULL, updated_at = now(),
         due_at = now(), wake_at = NULL, failovers = d.failovers + 1, receipt = NULL, receipt_reason = NULL
       FROM due WHERE d.id = due.id AND d.state = 'sent' AND NOT due.expired
       RETURNING d.id, d.tenant_id, d.channel, d.lane, d.provider
     ), let_be AS (
       UPDATE deliveries d SET wake_at = NULL
       FROM due WHERE d.id = due.id AND d.state = 'sent' AND due.expired
     ), logged AS (
       INSERT INTO events (delivery_id, id, tenant_id, type, reason, detail)
       SELECT id, gen_random_uuid(), tenant_id, 'queued', 'receipt_missing', provider FROM put_back
     )
     SELECT id, tenant_id AS "tenantId", channel, lane FROM put_back`,
    [lane, limit],
  );
}

/** Moves deliveries whose time has come from `scheduled` to `queued`, the longest overdue first. */
export async function promoteScheduled(db: Database, { lane, limit }: DueLane): Promise<DueDelivery[]> {
  return db.prepared<DueDelivery & Record<string, unknown>>(
    'promote-scheduled',
    `WITH due AS (
       SELECT id FROM deliveries
       WHERE lane = $1 AND wake_at <= now() AND state = 'scheduled'
       ORDER BY wake_at LIMIT $2 FOR UPDATE SKIP LOCKED
     )
     UPDATE deliveries d SET state = 'queued', updated_at = now(), due_at = now(), wake_at = NULL,
       reason = CASE WHEN d.reason = 'scheduled_by_request' THEN NULL ELSE d.reason END
     FROM due WHERE d.id = due.id AND d.state = 'scheduled'
     RETURNING d.id, d.tenant_id AS "tenantId", d.channel, d.lane`,
    [lane, limit],
  );
}
