import { type Database } from '../connection/database';

/** Dead letters that are deleted in one statement. */
const STEP = 5000;

const RETIRED = `
SELECT c.relname AS name, to_date(right(c.relname, 8), 'YYYYMMDD')::text AS day
FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
  AND c.relname ~ '^retired_[a-z]+_[0-9]{8}$'
ORDER BY day, name`;

const DELETE_DEAD_LETTERS = `
DELETE FROM dead_letters WHERE delivery_id IN (
  SELECT delivery_id FROM dead_letters
  WHERE delivery_id >= herald_day_floor($1) AND delivery_id < herald_day_floor($1::date + 1)
  ORDER BY delivery_id LIMIT $2)
RETURNING 1`;

/**
 * Drops the tables of retired days; returns their names. A day's dead letters go first, in steps, while its tables still
 * say that they have to: whoever is interrupted, the next one goes on.
 */
export async function dropRetired(db: Database, signal?: AbortSignal): Promise<string[]> {
  const tables = await db.rows<{ name: string; day: string }>(RETIRED);
  const dropped: string[] = [];
  for (const { name, day } of tables) {
    while (!signal?.aborted && (await db.rows(DELETE_DEAD_LETTERS, [day, STEP])).length === STEP);
    if (signal?.aborted) break;
    await db.rows(`DROP TABLE IF EXISTS ${name}`);
    dropped.push(name);
  }
  return dropped;
}
