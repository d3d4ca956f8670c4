import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Deliveries whose time comes are looked up by lane, so that what is urgent does not wait behind a campaign that becomes
 * due at the same moment; and what another provider took already keeps its end when the next one does not.
 *
 * Each partition gets its index in a statement of its own, as in the second migration; one that was interrupted goes on
 * where it was. `herald_settled_state` stays for processes of the version before, which run until they are replaced.
 */
export class DueLanes1700000000012 implements MigrationInterface {
  name = 'DueLanes1700000000012';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(FINAL_STATE);
    await runner.query(`CREATE INDEX IF NOT EXISTS deliveries_wake_by_lane ON ONLY deliveries ${INDEX}`);
    const partitions: { name: string }[] = await runner.query(WITHOUT_INDEX);
    for (const { name } of partitions) {
      const index = `${name}_wake_by_lane`;
      await runner.query(`CREATE INDEX IF NOT EXISTS ${index} ON ${name} ${INDEX}`);
      await runner.query(`ALTER INDEX deliveries_wake_by_lane ATTACH PARTITION ${index}`);
    }
    await runner.query('DROP INDEX IF EXISTS deliveries_wake');
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const INDEX = '(lane, wake_at) WHERE wake_at IS NOT NULL';

/** Partitions of `deliveries` that have no index attached to the new one. */
const WITHOUT_INDEX = `
SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'deliveries'::regclass AND NOT EXISTS (
  SELECT 1 FROM pg_index x JOIN pg_inherits a ON a.inhrelid = x.indexrelid
  WHERE x.indrelid = c.oid AND a.inhparent = 'deliveries_wake_by_lane'::regclass)
ORDER BY c.relname`;

const FINAL_STATE = `
CREATE OR REPLACE FUNCTION herald_final_state(proposed text, receipt text, cancel_requested boolean, sent_at timestamptz)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN receipt IS NOT NULL THEN receipt
    WHEN sent_at IS NOT NULL
      AND (proposed IN ('failed', 'dead', 'skipped', 'expired') OR cancel_requested AND proposed IN ('queued', 'scheduled'))
      THEN 'sent'
    WHEN cancel_requested AND proposed IN ('queued', 'scheduled') THEN 'canceled'
    ELSE proposed
  END
$$;
COMMENT ON FUNCTION herald_final_state IS
  'What a delivery becomes: a receipt that came before the outcome wins, then that a provider took it, then a cancellation';
`;
