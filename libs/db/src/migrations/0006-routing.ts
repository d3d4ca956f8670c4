import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Several providers per channel: shares, limits, breakers that a person set, and what a delivery has tried. */
export class Routing1700000000006 implements MigrationInterface {
  name = 'Routing1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [PROVIDERS, DELIVERIES, EVENTS]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const PROVIDERS = `
ALTER TABLE provider_configs
  ADD COLUMN weight smallint NOT NULL DEFAULT 100,
  ADD COLUMN limits jsonb,
  ADD COLUMN breaker text NOT NULL DEFAULT 'auto' CHECK (breaker IN ('auto', 'open', 'closed'));
COMMENT ON COLUMN provider_configs.breaker IS 'Open or closed when a person decided so';
`;

/** None of the columns is rewritten: no default, or a constant one. */
const DELIVERIES = `
ALTER TABLE notifications ADD COLUMN receipt_wait_ms integer;
ALTER TABLE deliveries ADD COLUMN tried uuid[], ADD COLUMN failovers smallint NOT NULL DEFAULT 0;
COMMENT ON COLUMN notifications.receipt_wait_ms IS 'Another provider is tried when no receipt came in this time';
COMMENT ON COLUMN deliveries.tried IS 'Providers that failed since the last wait; the next attempt is by another';
COMMENT ON COLUMN deliveries.failovers IS 'Calls since the last replay that the retry policy does not count';
COMMENT ON COLUMN deliveries.wake_at IS
  'When a scheduled delivery becomes due, or a sent one that waits for its receipt goes to another provider';
`;

const EVENTS = `
CREATE TABLE provider_events (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  provider_id uuid NOT NULL REFERENCES provider_configs (id) ON DELETE CASCADE,
  type text NOT NULL,
  detail text,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX provider_events_provider ON provider_events (tenant_id, provider_id, id);
`;
