import { type Channel, type DeliveryState, type Lane, RETRYABLE_STATES } from '@herald/contracts';
import { type Database } from '../connection/database';
import { type Owner } from '../reading/owner';

/**
 * How a request to try again ended. Refused for:
 *   state       it is being sent, was sent, or has ended for good
 *   due         it is in the queue and due already
 *   scheduled   it waits for its `sendAt` and was never tried
 *   no_address  the recipient has no address for the channel
 *   expired     its `expiresAt` has passed
 */
export type RetryResult =
  | { kind: 'queued'; id: string; channel: Channel; lane: Lane; wasDead: boolean }
  | { kind: 'refused'; why: 'state' | 'due' | 'scheduled' | 'no_address' | 'expired'; state: DeliveryState }
  | { kind: 'unknown' };

interface RetryRow {
  id: string;
  channel: Channel;
  lane: Lane;
  state: DeliveryState;
  refusal: Extract<RetryResult, { kind: 'refused' }>['why'] | null;
}

/**
 * Puts one of the owner's deliveries back in the queue, due now: one that ended without being delivered, or that waits
 * for its next attempt. The retry policy counts anew; what a receipt said of the earlier attempts no longer holds, and
 * how they ended goes to the timeline, as the row forgets it. Ringing for it is the caller's.
 */
export async function retryDelivery(db: Database, owner: Owner, id: string): Promise<RetryResult> {
  const [row] = await db.rows<RetryRow & Record<string, unknown>>(RETRY, [
    id,
    owner.tenantId,
    owner.live,
    RETRYABLE_STATES.filter((state) => state !== 'scheduled' && state !== 'queued'),
  ]);
  if (!row) return { kind: 'unknown' };
  if (row.refusal) return { kind: 'refused', why: row.refusal, state: row.state };
  return {
    kind: 'queued',
    id: row.id,
    channel: row.channel,
    lane: row.lane,
    wasDead: row.state === 'dead',
  };
}

/**
 * `found` locks the row and so holds its latest version; whatever changes it meanwhile waits. The previous end gets an
 * event unless it has one (receipts write theirs). now() is when the statement began, which may be before someone else
 * made the row due while this one waited for the lock; so what is due is judged by the clock.
 */
const RETRY = `
WITH found AS (
  SELECT * FROM deliveries WHERE id = $1 AND tenant_id = $2 AND live = $3 FOR UPDATE
), judged AS (
  SELECT id, tenant_id, channel, lane, state, reason, code, updated_at,
    CASE
      WHEN state IN ('queued', 'scheduled') AND attempts = 0 AND reason IS DISTINCT FROM 'retry_scheduled'
        THEN CASE WHEN coalesce(due_at, wake_at) > clock_timestamp() THEN 'scheduled' ELSE 'due' END
      WHEN state IN ('queued', 'scheduled') AND coalesce(due_at, wake_at) <= clock_timestamp() THEN 'due'
      WHEN state NOT IN ('queued', 'scheduled') AND state <> ALL($4::text[]) THEN 'state'
      WHEN address IS NULL THEN 'no_address'
      WHEN expires_at <= now() THEN 'expired'
    END AS refusal
  FROM found
), replayed AS (
  UPDATE deliveries d SET
    state = 'queued', reason = 'replayed', code = NULL, due_at = now(), wake_at = NULL, first_due_at = now(),
    attempts_before_replay = d.attempts, failovers = 0, tried = NULL, cancel_requested = false,
    receipt = NULL, receipt_rank = 0, receipt_reason = NULL, sent_at = NULL, updated_at = now()
  FROM judged j
  WHERE d.id = j.id AND d.id = $1 AND j.refusal IS NULL
  RETURNING d.id
), unburied AS (
  DELETE FROM dead_letters WHERE delivery_id IN (SELECT id FROM replayed)
), logged AS (
  INSERT INTO events (delivery_id, id, tenant_id, type, reason, detail, at)
  SELECT j.id, gen_random_uuid(), j.tenant_id, e.type, e.reason, e.detail, e.at
  FROM judged j JOIN replayed r ON r.id = j.id
  CROSS JOIN LATERAL (VALUES
    (j.state, j.reason, j.code, j.updated_at, j.state IN ('failed', 'dead', 'skipped')),
    ('replayed', 'replayed', NULL, now(), true)
  ) AS e(type, reason, detail, at, wanted)
  WHERE e.wanted
)
SELECT j.id, j.channel, j.lane, j.state, j.refusal FROM judged j`;
