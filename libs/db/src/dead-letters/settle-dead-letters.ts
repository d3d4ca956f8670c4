import { type Channel, type Lane, type NotSettledReason } from '@herald/contracts';
import { idBounds, newId } from '@herald/domain';
import { type Database } from '../connection/database';
import { byIds } from '../deliveries/by-ids';
import { announce } from '../webhook-events/announce';
import { type DeadLetterOwner, ofMode } from './dead-letter-owner';

/** What became of a dead letter that was to be replayed or discarded. */
export type DeadLetterResult =
  | { outcome: 'settled'; id: string; channel: Channel; lane: Lane }
  | { outcome: NotSettledReason; id: string };

/** Dead letters that one statement takes; keep a call within it. */
export const MAX_DEAD_LETTERS_PER_CALL = 500;

/**
 * Puts dead letters of the owner back in the queue: due now, with the retry policy's attempts and time counted afresh.
 * Those whose time is over stay: they would expire at once. The caller rings for them; until someone does, the relay
 * finds them.
 */
export async function replayDeadLetters(
  db: Database,
  owner: DeadLetterOwner,
  ids: readonly string[],
): Promise<DeadLetterResult[]> {
  return settle(db, REPLAY, owner, ids);
}

/** Gives up on dead letters of the owner: their deliveries have failed. */
export async function discardDeadLetters(
  db: Database,
  owner: DeadLetterOwner,
  ids: readonly string[],
): Promise<DeadLetterResult[]> {
  return settle(db, DISCARD, owner, ids);
}

async function settle(
  db: Database,
  statement: string,
  owner: DeadLetterOwner,
  ids: readonly string[],
): Promise<DeadLetterResult[]> {
  if (ids.length === 0) return [];
  const now = Date.now();
  const eventIds = ids.map(() => newId(now));
  const { low, high } = idBounds(ids);
  const { tenantId, live = null } = owner;
  const params = [tenantId, ids, eventIds, low, high, live];
  return db.rows<DeadLetterResult & Record<string, unknown>>(statement, params);
}

/**
 * Deliveries are locked before their letters, as everywhere, and in the order of their ids, so that two people with the
 * same list do not deadlock. How a delivery had ended goes to its timeline, as the row forgets it. A letter whose
 * delivery is not dead any more (its partition was dropped) is stale and goes away too.
 */
function settleStatement(event: 'replayed' | 'discarded', assignments: string, only: string): string {
  return `
WITH asked AS (
  SELECT id, event_id FROM unnest($2::uuid[], $3::uuid[]) AS a(id, event_id)
), letters AS (
  SELECT delivery_id AS id FROM dead_letters
  WHERE tenant_id = $1 AND delivery_id = ANY($2::uuid[])
    AND ${ofMode('$6', 'd.id BETWEEN $4::uuid AND $5::uuid')}
), dead AS (
  SELECT d.id, d.reason, d.code, d.updated_at, coalesce(d.expires_at <= now(), false) AS expired
  FROM deliveries d
  WHERE ${byIds('SELECT id FROM letters')} AND d.id BETWEEN $4::uuid AND $5::uuid AND d.state = 'dead'
  ORDER BY d.id FOR UPDATE
), settled AS (
  UPDATE deliveries d SET ${assignments}, reason = '${event}', code = NULL, updated_at = now()
  WHERE ${byIds(`SELECT id FROM dead WHERE ${only}`)} AND d.id BETWEEN $4::uuid AND $5::uuid AND d.state = 'dead'
  RETURNING d.id, d.channel, d.lane, d.notification_id, d.tenant_id, d.live, d.recipient, d.state, d.reason, d.code,
    d.provider, d.endpoint_id
), noted AS (
  INSERT INTO events (delivery_id, id, tenant_id, type, reason, detail, at)
  SELECT dead.id, gen_random_uuid(), $1, 'dead', dead.reason, dead.code, dead.updated_at
  FROM dead JOIN settled USING (id)
  UNION ALL
  SELECT id, event_id, $1, '${event}', '${event}', NULL, now() FROM settled JOIN asked USING (id)
), removed AS (
  DELETE FROM dead_letters l USING letters
  WHERE l.delivery_id = letters.id
    AND (letters.id IN (SELECT id FROM settled) OR letters.id NOT IN (SELECT id FROM dead))
), announced AS (${announce({ of: 'settled' })}
)
SELECT asked.id, settled.channel, settled.lane, CASE
    WHEN settled.id IS NOT NULL THEN 'settled'
    WHEN letters.id IS NULL THEN 'not_found'
    WHEN dead.expired THEN 'expired'
    ELSE 'not_dead'
  END AS outcome
FROM asked LEFT JOIN letters USING (id) LEFT JOIN dead USING (id) LEFT JOIN settled USING (id)`;
}

const REPLAY = settleStatement(
  'replayed',
  `state = 'queued', due_at = now(), first_due_at = now(), attempts_before_replay = attempts, failovers = 0, tried = NULL,
    cancel_requested = false, receipt = NULL, receipt_rank = 0, receipt_reason = NULL, sent_at = NULL`,
  'NOT expired',
);
const DISCARD = settleStatement('discarded', "state = 'failed', due_at = NULL", 'true');
