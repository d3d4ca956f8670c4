import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What providers post is stored as it came, answered, and applied afterwards. The table holds what is not applied yet: a
 * few rows that live for milliseconds, so it is vacuumed by their number and not by the table's size.
 */
export class Receipts1700000000004 implements MigrationInterface {
  name = 'Receipts1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [INBOX, COMPLAINTS]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const INBOX = `
CREATE TABLE receipt_inbox (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  provider_id uuid NOT NULL,
  delivery_id uuid,
  url text NOT NULL,
  content_type text,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  taken_until timestamptz,
  tries integer NOT NULL,
  last_error text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX receipt_inbox_due ON receipt_inbox (taken_until) WHERE taken_until IS NOT NULL;
COMMENT ON COLUMN receipt_inbox.delivery_id IS 'What the URL named; NULL where the callback names its deliveries itself';
COMMENT ON COLUMN receipt_inbox.taken_until IS
  'Until then it is somebody''s who applies it (or a pause); then anybody may take it. NULL: given up, now() tries again';
COMMENT ON COLUMN receipt_inbox.last_error IS 'A code, never words: those could quote the body';
`;

const COMPLAINTS = `
ALTER TABLE suppressions DROP CONSTRAINT suppressions_reason_check;
ALTER TABLE suppressions ADD CONSTRAINT suppressions_reason_check
  CHECK (reason IN ('bounce', 'complaint', 'opt_out', 'endpoint_gone', 'manual')) NOT VALID;
ALTER TABLE suppressions VALIDATE CONSTRAINT suppressions_reason_check;
`;
