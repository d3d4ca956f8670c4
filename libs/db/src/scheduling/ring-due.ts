import { type Channel, type Lane } from '@herald/contracts';
import { type Database } from '../connection/database';

/** A delivery that a job must be made for. */
export interface DueDelivery {
  id: string;
  channel: Channel;
  lane: Lane;
}

/** Where a lane stands, by the database's clock. */
export interface LaneHead {
  now: Date;
  /** Since when the oldest of the given deliveries is due; null when none of them is queued any more. */
  headDueAt: Date | null;
}

/** Looks up since when the deliveries of a lane's oldest waiting jobs are due. */
export async function findLaneHead(db: Database, headIds: readonly string[]): Promise<LaneHead> {
  const [row] = await db.prepared<{ now: Date; headDueAt: Date | null }>(
    'lane-head',
    `SELECT now() AS now, (SELECT min(due_at) FROM deliveries WHERE id = ANY($1::uuid[]) AND state = 'queued') AS "headDueAt"`,
    [headIds],
  );
  return row as LaneHead;
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
  return db.prepared<DueDelivery & Record<string, unknown>>(
    'ring-overdue',
    `WITH lost AS (
       SELECT id FROM deliveries
       WHERE channel = $1 AND lane = $2 AND due_at < $3 AND state = 'queued'
       ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
     )
     UPDATE deliveries d SET due_at = now(), updated_at = now(), reason = coalesce(d.reason, 'rescued') FROM lost
     WHERE d.id = lost.id AND d.state = 'queued'
     RETURNING d.id, d.channel, d.lane`,
    [lane.channel, lane.lane, lane.before, lane.limit],
  );
}

/** Moves deliveries whose time has come from `scheduled` to `queued`, the longest overdue first. */
export async function promoteScheduled(db: Database, limit: number): Promise<DueDelivery[]> {
  return db.prepared<DueDelivery & Record<string, unknown>>(
    'promote-scheduled',
    `WITH due AS (
       SELECT id FROM deliveries
       WHERE wake_at <= now() AND state = 'scheduled'
       ORDER BY wake_at LIMIT $1 FOR UPDATE SKIP LOCKED
     )
     UPDATE deliveries d SET state = 'queued', updated_at = now(), due_at = now(), wake_at = NULL,
       reason = CASE WHEN d.reason = 'scheduled_by_request' THEN NULL ELSE d.reason END
     FROM due WHERE d.id = due.id AND d.state = 'scheduled'
     RETURNING d.id, d.channel, d.lane`,
    [limit],
  );
}
