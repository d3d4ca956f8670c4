import { Database } from './database';

/** A number of our own for the advisory lock that keeps two processes from migrating at once. */
const MIGRATION_LOCK = 4_741_702;

/**
 * Brings the schema up to date; several processes may call it at once. Ends with ANALYZE: a plan made for an empty
 * table and cached costs more than the whole migration.
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const database = await Database.connect({
    url: databaseUrl,
    poolSize: 2,
    statementTimeoutMs: 0,
    connectTimeoutMs: 10_000,
    applicationName: 'herald-migrate',
  });
  try {
    const lock = database.dataSource.createQueryRunner();
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      const ran = await database.dataSource.runMigrations({ transaction: 'each' });
      if (ran.length > 0) await lock.query('ANALYZE');
    } finally {
      await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      await lock.release();
    }
  } finally {
    await database.close();
  }
}
