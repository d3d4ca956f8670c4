import { type Database } from '../connection/database';

/** Makes the daily partitions from today on; returns how many were missing. */
export async function ensurePartitions(db: Database, daysAhead: number): Promise<number> {
  const [row] = await db.rows<{ made: number }>('SELECT herald_ensure_partitions(now(), $1) AS made', [
    daysAhead + 1,
  ]);
  return row?.made ?? 0;
}

/** Deletes idempotency keys that have expired, at most `limit`; returns how many. */
export async function deleteExpiredKeys(db: Database, limit: number): Promise<number> {
  const rows = await db.rows(
    `DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM idempotency_keys WHERE expires_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED))
     RETURNING 1`,
    [limit],
  );
  return rows.length;
}
