import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What is due is looked for by tenant: `deliveries_due` makes room for an index with the tenant in it.
 *
 * Each partition gets its index in a statement of its own, so that its writers wait for that one alone (about a second for
 * a million open rows; the index holds no others), and a migration that was interrupted goes on where it was. Not
 * CONCURRENTLY: that waits for every other session's statement, and those of processes that want to migrate too wait for
 * this one. Making the parent's index and dropping the old one locks the table for a moment.
 */
export class FairLanes1700000000002 implements MigrationInterface {
  name = 'FairLanes1700000000002';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX IF NOT EXISTS deliveries_due_by_tenant ON ONLY deliveries ${COLUMNS_AND_CONDITION}`,
    );
    const partitions: { name: string }[] = await runner.query(WITHOUT_INDEX);
    for (const { name } of partitions) {
      const index = `${name}_due_by_tenant`;
      await runner.query(`CREATE INDEX IF NOT EXISTS ${index} ON ${name} ${COLUMNS_AND_CONDITION}`);
      await runner.query(`ALTER INDEX deliveries_due_by_tenant ATTACH PARTITION ${index}`);
    }
    await runner.query('DROP INDEX IF EXISTS deliveries_due');
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const COLUMNS_AND_CONDITION = '(channel, lane, tenant_id, due_at) WHERE due_at IS NOT NULL';

/** Partitions of `deliveries` that have no index attached to the new one. */
const WITHOUT_INDEX = `
SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'deliveries'::regclass AND NOT EXISTS (
  SELECT 1 FROM pg_index x JOIN pg_inherits a ON a.inhrelid = x.indexrelid
  WHERE x.indrelid = c.oid AND a.inhparent = 'deliveries_due_by_tenant'::regclass)
ORDER BY c.relname`;
