import { type Database } from '../connection/database';

export interface PartitionFigures {
  /** Days after today that every table has a partition for, without a gap; -1 when today's is missing. */
  daysAhead: number;
  /** Rows in the default partitions by table, counted up to 10,000. */
  defaultRows: Record<string, number>;
}

const COUNT_LIMIT = 10_000;
const MOST_DAYS = 366;

const DAYS_AHEAD = `
SELECT coalesce(min(ahead), $1::integer) - 1 AS days
FROM generate_series(0, $1::integer) ahead, herald_partitioned_tables() t
WHERE to_regclass(t.parent || '_' || to_char((now() AT TIME ZONE 'UTC')::date + ahead, 'YYYYMMDD')) IS NULL`;

/** How well the days are covered. Looks into the catalogue and at no more than 10,000 rows of each default partition. */
export async function partitionFigures(db: Database): Promise<PartitionFigures> {
  const [covered] = await db.rows<{ days: number }>(DAYS_AHEAD, [MOST_DAYS]);
  const tables = await db.rows<{ parent: string }>('SELECT parent FROM herald_partitioned_tables()');
  const defaultRows: Record<string, number> = {};
  for (const { parent } of tables) {
    const [row] = await db.rows<{ rows: number }>(
      `SELECT count(*)::integer AS rows FROM (SELECT FROM ${parent}_default LIMIT ${COUNT_LIMIT}) found`,
    );
    defaultRows[parent] = row?.rows ?? 0;
  }
  return { daysAhead: covered?.days ?? -1, defaultRows };
}
