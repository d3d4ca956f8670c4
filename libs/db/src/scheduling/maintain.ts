import { type Database } from '../connection/database';

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
