import { type Database } from '../connection/database';
import { LOCK_WAIT_MS, whenFree } from './lock-wait';

/** What became of the days that were missing; a day of one table counts as one. */
export interface EnsuredPartitions {
  made: number;
  /** Rows that were taken out of the default partitions. */
  moved: number;
  /** The tables were in use all the time: try again later. */
  busy: number;
  /** The default partition holds more rows of the day than are moved at once: they stay there until they expire. */
  full: number;
}

/**
 * Rows of a day that are moved out of a default partition with the table locked. 5,000 deliveries take about 100 ms; a day
 * with more is for an operator, in a quiet hour.
 */
const MAX_MOVED = 5000;

/** The days of each table that have no partition, from today on. Nothing is locked to find out that all are there. */
const MISSING = `
SELECT t.parent, day::date::text AS day
FROM generate_series((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + $1::integer, interval '1 day') day,
  herald_partitioned_tables() t
WHERE to_regclass(t.parent || '_' || to_char(day, 'YYYYMMDD')) IS NULL
ORDER BY day, t.parent`;

/**
 * Makes the daily partitions from today on. Rows of those days that came before are moved out of the default partitions.
 * Several processes may do so at once. Writers wait for 50 ms at most at a time; see `herald_attach_partition`.
 */
export async function ensurePartitions(
  db: Database,
  daysAhead: number,
  signal?: AbortSignal,
): Promise<EnsuredPartitions> {
  const result: EnsuredPartitions = { made: 0, moved: 0, busy: 0, full: 0 };
  const missing = await db.rows<{ parent: string; day: string }>(MISSING, [daysAhead]);
  for (const { parent, day } of missing) {
    if (signal?.aborted) break;
    const attached = await whenFree(() => attach(db, parent, day), signal);
    if (attached === 'busy') result.busy += 1;
    else if (attached.outcome === 'full') result.full += 1;
    else if (attached.outcome === 'made') {
      result.made += 1;
      result.moved += attached.moved;
    }
  }
  return result;
}

interface Attached extends Record<string, unknown> {
  outcome: 'made' | 'exists' | 'full';
  moved: number;
}

async function attach(db: Database, parent: string, day: string): Promise<Attached> {
  const [row] = await db.rows<Attached>(
    'SELECT outcome, moved FROM herald_attach_partition($1, $2, $3, $4)',
    [parent, day, LOCK_WAIT_MS, MAX_MOVED],
  );
  return row as Attached;
}
