import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Endpoints that tenants register for Herald's own events, and the outbox between a change of state and its webhook.
 *
 * The columns are added without rewriting anything. The index holds only the deliveries that are events, and there are
 * none yet: building it is reading a partition once. Each partition gets its own in a statement of its own, so that its
 * writers wait for that one alone (0.4 s for a million rows in memory), and hardly anybody writes to any but today's. A
 * migration that was interrupted goes on where it was, hence IF NOT EXISTS everywhere. Rejected: a table of its own for
 * what an endpoint was sent, which would be a third row for each event, and rows that do not go with their day.
 */
export class WebhookEndpoints1700000000007 implements MigrationInterface {
  name = 'WebhookEndpoints1700000000007';
  transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [IDS, TABLES, COLUMNS]) await runner.query(statement);
    await runner.query(`CREATE INDEX IF NOT EXISTS deliveries_endpoint ON ONLY deliveries ${INDEX}`);
    const partitions: { name: string }[] = await runner.query(WITHOUT_INDEX);
    for (const { name } of partitions) {
      const index = `${name}_endpoint`;
      await runner.query(`CREATE INDEX IF NOT EXISTS ${index} ON ${name} ${INDEX}`);
      await runner.query(`ALTER INDEX deliveries_endpoint ATTACH PARTITION ${index}`);
    }
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

/** UUIDv7 (RFC 9562): 48 bits of milliseconds before what a random UUIDv4 has, whose version 4 (0100) becomes 7 (0111). */
const IDS = `
CREATE OR REPLACE FUNCTION herald_new_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1),
    'hex')::uuid
$$;
CREATE OR REPLACE FUNCTION herald_id_beside(id uuid) RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(overlay(uuid_send(herald_new_id()) PLACING substring(uuid_send(id) FROM 1 FOR 6) FROM 1 FOR 6), 'hex')::uuid
$$;
COMMENT ON FUNCTION herald_new_id IS 'A UUIDv7 of now';
COMMENT ON FUNCTION herald_id_beside IS 'A new UUIDv7 of the same millisecond, as a delivery has beside its notification';
`;

/** The outbox holds rows for less than a second, so it is vacuumed by their number and not by the table's size. */
const TABLES = `
CREATE TABLE IF NOT EXISTS webhook_endpoints (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  live boolean NOT NULL,
  url text NOT NULL,
  url_key bytea NOT NULL,
  description text,
  events text[],
  enabled boolean NOT NULL DEFAULT true,
  disabled_reason text CHECK (disabled_reason IN ('manual', 'failing', 'gone')),
  failing_since timestamptz,
  failed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE INDEX IF NOT EXISTS webhook_endpoints_tenant ON webhook_endpoints (tenant_id, id);
COMMENT ON COLUMN webhook_endpoints.live IS 'Of which notifications it is told; it is really sent to either way';
COMMENT ON COLUMN webhook_endpoints.url_key IS 'What stands for the URL in deliveries and suppressions';
COMMENT ON COLUMN webhook_endpoints.events IS 'NULL: all';
COMMENT ON COLUMN webhook_endpoints.failing_since IS 'The first failure since the last success';
COMMENT ON COLUMN webhook_endpoints.failed_at IS 'The last failure, to 10 minutes; set together with failing_since';
CREATE TABLE IF NOT EXISTS webhook_events (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  endpoint_id uuid NOT NULL,
  type text NOT NULL,
  notification_id uuid,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE webhook_events IS 'Events that are no deliveries yet';
COMMENT ON COLUMN webhook_events.notification_id IS 'Whose metadata the event will have';
`;

const COLUMNS = `
ALTER TABLE notifications ADD COLUMN IF NOT EXISTS endpoint_id uuid;
ALTER TABLE deliveries ADD COLUMN IF NOT EXISTS endpoint_id uuid;
COMMENT ON COLUMN notifications.endpoint_id IS 'Set for an event of Herald''s own, which its tenant did not post';
COMMENT ON COLUMN deliveries.endpoint_id IS 'The endpoint that an event of Herald''s own is for; NULL for all others';
`;

const INDEX = '(endpoint_id, id) WHERE endpoint_id IS NOT NULL';

/** Partitions of `deliveries` that have no index attached to the new one. */
const WITHOUT_INDEX = `
SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'deliveries'::regclass AND NOT EXISTS (
  SELECT 1 FROM pg_index x JOIN pg_inherits a ON a.inhrelid = x.indexrelid
  WHERE x.indrelid = c.oid AND a.inhparent = 'deliveries_endpoint'::regclass)
ORDER BY c.relname`;
