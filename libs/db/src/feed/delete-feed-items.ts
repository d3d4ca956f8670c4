import { type Database } from '../connection/database';

/** Deletes items that have expired, at most `limit`, those that expired first; gives how many. */
export async function deleteExpiredFeedItems(db: Database, limit: number): Promise<number> {
  const rows = await db.rows(
    `DELETE FROM feed_items WHERE id = ANY(ARRAY(
       SELECT id FROM feed_items WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))
     RETURNING 1`,
    [limit],
  );
  return rows.length;
}

/** One step through the items, and where the next one goes on: nowhere when nothing is left to look at. */
export interface FeedItemStep {
  deleted: number;
  last?: string;
}

/**
 * Deletes items that came to their feed more than `retentionDays` ago, of the next `limit` after the id `after`. It goes
 * by ids, which are not younger than their items and need no index of their own: what was scheduled for long is looked at
 * and left.
 */
export async function deleteOldFeedItems(
  db: Database,
  { retentionDays, after, limit }: { retentionDays: number; after?: string; limit: number },
): Promise<FeedItemStep> {
  const [row] = await db.rows<{ deleted: number; last: string | null }>(OLD, [
    retentionDays,
    after ?? '00000000-0000-0000-0000-000000000000',
    limit,
  ]);
  return { deleted: row!.deleted, ...(row!.last !== null && { last: row!.last }) };
}

const OLD = `
WITH looked AS MATERIALIZED (
  SELECT id, created_at < now() - $1 * interval '1 day' AS old FROM feed_items
  WHERE id > $2 AND id < herald_uuid_floor(now() - $1 * interval '1 day')
  ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
), deleted AS (
  DELETE FROM feed_items WHERE id IN (SELECT id FROM looked WHERE old) RETURNING 1
)
SELECT (SELECT count(*)::integer FROM deleted) AS deleted, (SELECT id FROM looked ORDER BY id DESC LIMIT 1) AS last`;
