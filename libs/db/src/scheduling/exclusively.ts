import { type Database } from '../connection/database';

/** Numbers of our own for advisory locks; 4741702 and 4741703 are those of migrations and of making partitions. */
export const EXCLUSIVE_WORK = { retention: 4_741_704, feeds: 4_741_705 } as const;

/**
 * Does the work unless another process is doing it: then gives undefined at once. The lock lives as long as its
 * connection, so a process that dies leaves nothing behind.
 */
export async function exclusively<T>(
  db: Database,
  work: keyof typeof EXCLUSIVE_WORK,
  run: () => Promise<T>,
): Promise<T | undefined> {
  const runner = db.dataSource.createQueryRunner();
  const lock = [EXCLUSIVE_WORK[work]];
  try {
    const [row] = await runner.query('SELECT pg_try_advisory_lock($1) AS locked', lock);
    if (!row.locked) return undefined;
    try {
      return await run();
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', lock);
    }
  } finally {
    await runner.release();
  }
}
