import { type Channel, type DeliveryPolicy, type Lane } from '@herald/contracts';
import { idBounds, type SuppressionReason, sameMillisecondBounds } from '@herald/domain';
import { type Database } from '../connection/database';

/** A delivery that this worker holds until its lease runs out. */
export interface ClaimedDelivery {
  id: string;
  notificationId: string;
  tenantId: string;
  channel: Channel;
  lane: Lane;
  live: boolean;
  policy: DeliveryPolicy;
  address: string;
  locale: string | null;
  timezone: string | null;
  /** Fences this claim: results under an older one change nothing. */
  claim: number;
  /** Calls of a provider, this one included, over the delivery's whole life. */
  attempt: number;
  /** The same since the last replay and without failovers; what the retry policy counts. */
  attemptsInPolicy: number;
  firstDueAt: Date;
  createdAt: Date;
  expiresAt: Date | null;
  /** Providers that failed since the last wait. */
  tried: readonly string[] | null;
  /** A provider took it, and no receipt came: not to be given to one of those again. */
  unconfirmed: boolean;
  /** Another provider is tried when no receipt came in this time. */
  receiptWaitMs: number | null;
  /** What to say on this channel, as it was posted. */
  content: unknown;
  suppressed: SuppressionReason | 'endpoint_disabled' | null;
  /** An event of Herald's own for an endpoint of the tenant. */
  toEndpoint: boolean;
  /** W3C Trace Context of the request, or of what works on the delivery now. */
  traceparent: string | null;
}

interface ClaimRow extends Omit<ClaimedDelivery, 'content'> {
  /** Only on the first of a notification's rows, so that a fan-out does not send the same content 50 times. */
  content: unknown;
}

/**
 * Claims the ids of a job that are queued and due, in one statement, with what is needed to send them. Ids that were
 * claimed, canceled or finished elsewhere are not returned: a job that comes twice has no second effect. A retry
 * whose time has not come (a job left over from before) is left alone too.
 *
 * The ranges beside `= ANY` are for partition pruning; see `idBounds`. `coalesce` keeps the planner from reading the
 * backlog by the index on `due_at` instead of the 50 rows by their ids.
 */
export async function claimDeliveries(
  db: Database,
  ids: readonly string[],
  leaseMs: number,
): Promise<ClaimedDelivery[]> {
  const own = idBounds(ids);
  const same = sameMillisecondBounds(ids);
  const rows = await db.prepared<ClaimRow>('claim', CLAIM, [
    ids,
    own.low,
    own.high,
    leaseMs,
    same.low,
    same.high,
  ]);
  const contents = new Map<string, unknown>();
  for (const row of rows) if (row.content !== null) contents.set(row.notificationId, row.content);
  return rows.map((row) => ({ ...row, content: contents.get(row.notificationId) }));
}

const CLAIM = `
WITH claimed AS (
  UPDATE deliveries SET
    state = 'sending', claim = claim + 1, attempts = attempts + 1,
    lease_until = now() + $4::integer * interval '1 millisecond', updated_at = now()
  WHERE id = ANY($1::uuid[]) AND id BETWEEN $2::uuid AND $3::uuid
    AND state = 'queued' AND coalesce(due_at, '-infinity') <= now() + interval '1 second'
  RETURNING id, notification_id, tenant_id, channel, lane, live, policy, address, address_key, locale, timezone, claim,
    attempts, attempts_before_replay, failovers, tried, first_due_at, created_at, expires_at,
    endpoint_id, sent_at IS NOT NULL AS unconfirmed
)
SELECT c.id, c.notification_id AS "notificationId", c.tenant_id AS "tenantId", c.channel, c.lane, c.live, c.policy,
  c.address, c.locale, c.timezone, c.claim, c.attempts AS attempt,
  c.attempts - c.attempts_before_replay - c.failovers AS "attemptsInPolicy", c.tried, c.unconfirmed,
  n.receipt_wait_ms AS "receiptWaitMs", n.traceparent,
  c.first_due_at AS "firstDueAt", c.created_at AS "createdAt", c.expires_at AS "expiresAt",
  CASE WHEN row_number() OVER (PARTITION BY c.notification_id) = 1 THEN n.content -> c.channel END AS content,
  CASE WHEN c.endpoint_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM webhook_endpoints e WHERE e.id = c.endpoint_id AND e.enabled) THEN 'endpoint_disabled'
    ELSE s.reason END AS suppressed, c.endpoint_id IS NOT NULL AS "toEndpoint"
FROM claimed c
JOIN notifications n ON n.id = c.notification_id AND n.id BETWEEN $5::uuid AND $6::uuid
LEFT JOIN suppressions s ON s.tenant_id = c.tenant_id AND s.live = c.live AND s.channel = c.channel AND s.address_key = c.address_key`;
