import { type Database } from '../connection/database';

/** Rows of each table that one statement deletes, about. */
const STEP = 1000;

/**
 * Deletes what is older than `retentionDays` from the default partitions, in steps; returns how many rows. Where a
 * delivery is still open, it and everything after it stays.
 */
export async function deleteStrays(
  db: Database,
  retentionDays: number,
  signal?: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (let last = -1; last !== 0 && !signal?.aborted; deleted += last) {
    const [row] = await db.rows<{ deleted: number }>(
      `SELECT herald_delete_strays((now() AT TIME ZONE 'UTC')::date - $1::integer, $2) AS deleted`,
      [retentionDays, STEP],
    );
    last = row?.deleted ?? 0;
  }
  return deleted;
}
