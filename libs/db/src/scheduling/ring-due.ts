import { type Channel, type Lane } from '@herald/contracts';
import { type Database } from '../connection/database';

/** A delivery that a job must be made for. */
export interface DueDelivery {
  id: string;
  /** How long until it is due, in milliseconds; 0 for now. */
  delayMs: number;
}

/**
 * Deliveries that are queued in Postgres but that no job in Redis rings for: never enqueued, or Redis lost them.
 *
 * A lane is first in, first out, so a row that became due later than the lane's oldest waiting job (`before`) is still
 * behind it in the queue, and only older rows can be lost. A row that is rung gets `due_at = now()`: it stands at the
 * tail again, like its new job, and is not rung twice. That keeps a backlog from being multiplied.
 */
export async function ringOverdue(
  db: Database,
  lane: { channel: Channel; lane: Lane; before: Date; limit: number },
): Promise<DueDelivery[]> {
  return db.rows<DueDelivery & Record<string, unknown>>(
    `WITH lost AS (
       SELECT id FROM deliveries
       WHERE channel = $1 AND lane = $2 AND due_at < $3 AND state = 'queued'
       ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
     )
     UPDATE deliveries d SET due_at = now(), updated_at = now() FROM lost
     WHERE d.id = lost.id
     RETURNING d.id, 0 AS "delayMs"`,
    [lane.channel, lane.lane, lane.before, lane.limit],
  );
}

/** Moves deliveries whose time comes within `aheadMs` from `scheduled` to `queued`. */
export async function promoteScheduled(
  db: Database,
  lane: { channel: Channel; lane: Lane; aheadMs: number; limit: number },
): Promise<DueDelivery[]> {
  return db.rows<DueDelivery & Record<string, unknown>>(
    `WITH due AS (
       SELECT id FROM deliveries
       WHERE channel = $1 AND lane = $2 AND due_at < now() + $3::integer * interval '1 millisecond'
         AND state = 'scheduled'
       ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
     )
     UPDATE deliveries d SET state = 'queued', updated_at = now(), due_at = greatest(d.due_at, now()),
       reason = CASE WHEN d.reason = 'scheduled_by_request' THEN NULL ELSE d.reason END
     FROM due WHERE d.id = due.id AND d.state = 'scheduled'
     RETURNING d.id, greatest(0, extract(epoch FROM d.due_at - now()) * 1000)::integer AS "delayMs"`,
    [lane.channel, lane.lane, lane.aheadMs, lane.limit],
  );
}
