import { type Database } from '../connection/database';
import { LOCK_WAIT_MS, whenFree } from './lock-wait';

/**
 * `open`: a delivery of the day is not settled, so the day waits. `busy`: the tables were in use all the time.
 * `absent`: there is nothing of that day.
 */
export type RetireResult = 'retired' | 'open' | 'busy' | 'absent';

const EXPIRED = `
SELECT DISTINCT to_date(right(c.relname, 8), 'YYYYMMDD')::text AS day
FROM herald_partitioned_tables() t
JOIN pg_inherits i ON i.inhparent = to_regclass(t.parent)
JOIN pg_class c ON c.oid = i.inhrelid AND c.relname ~ ('^' || t.parent || '_[0-9]{8}$')
WHERE right(c.relname, 8) < to_char((now() AT TIME ZONE 'UTC')::date - $1::integer, 'YYYYMMDD')
ORDER BY day`;

/** The days (UTC, `YYYY-MM-DD`) with partitions whose last moment is `retentionDays` ago, oldest first. */
export async function expiredDays(db: Database, retentionDays: number): Promise<string[]> {
  const rows = await db.rows<{ day: string }>(EXPIRED, [retentionDays]);
  return rows.map((row) => row.day);
}

/**
 * Takes a day out of the tables, all of it at once, and leaves it to `dropRetired`. Readers do not find it from then on.
 * Writers wait for 50 ms at most at a time; see `herald_retire_day`.
 */
export function retireDay(db: Database, day: string, signal?: AbortSignal): Promise<RetireResult> {
  return whenFree(async () => {
    const [row] = await db.rows<{ result: RetireResult }>('SELECT herald_retire_day($1, $2) AS result', [
      day,
      LOCK_WAIT_MS,
    ]);
    return row?.result ?? 'absent';
  }, signal);
}
