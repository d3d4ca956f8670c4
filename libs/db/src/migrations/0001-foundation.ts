import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Hot tables are partitioned by day on their UUIDv7 (attempts and events on the delivery's), without foreign keys
 * between them: they are written together in one statement. A DEFAULT partition takes what no day covers, so that a
 * missing partition never refuses an insert.
 *
 * `deliveries.due_at` is set while a delivery is queued or being sent, `wake_at` while it waits for its time: the partial
 * indexes hold the open ones only, and due ones are not searched for among those that wait. Claiming does not touch an
 * indexed column (HOT update, hence the fill factor).
 */
export class Foundation1700000000001 implements MigrationInterface {
  name = 'Foundation1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [TENANCY, HOT_TABLES, INDEXES, COLD_TABLES, PARTITIONS, SETTLED_STATE])
      await runner.query(statement);
    await runner.query("SELECT herald_ensure_partitions(now() - interval '1 day', 9)");
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const TENANCY = `
CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  disabled_at timestamptz
);
CREATE TABLE api_keys (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  name text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  hint text NOT NULL,
  live boolean NOT NULL,
  scopes text[] NOT NULL,
  burst integer NOT NULL,
  per_second integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  replaced_by uuid REFERENCES api_keys (id)
);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id);
CREATE TABLE provider_configs (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  channel text NOT NULL,
  type text NOT NULL,
  name text NOT NULL,
  config text NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  position integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, channel, name)
);
COMMENT ON COLUMN provider_configs.config IS 'Sealed JSON (AES-256-GCM); the row id is authenticated with it';
CREATE TABLE webhook_secrets (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  secret text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz
);
COMMENT ON COLUMN webhook_secrets.secret IS 'Sealed whsec_… (AES-256-GCM); the row id is authenticated with it';
CREATE INDEX webhook_secrets_tenant ON webhook_secrets (tenant_id, id);
`;

const HOT_TABLES = `
CREATE TABLE notifications (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  api_key_id uuid NOT NULL,
  live boolean NOT NULL,
  lane text NOT NULL,
  policy text NOT NULL,
  content json NOT NULL,
  metadata jsonb,
  send_at timestamptz,
  expires_at timestamptz,
  canceled_at timestamptz,
  request_id text,
  created_at timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (id);
CREATE TABLE deliveries (
  id uuid PRIMARY KEY,
  notification_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  recipient integer NOT NULL,
  channel text NOT NULL,
  lane text NOT NULL,
  live boolean NOT NULL,
  policy text NOT NULL,
  address text,
  address_key bytea,
  locale text,
  timezone text,
  state text NOT NULL CHECK (state IN ('scheduled', 'queued', 'sending', 'sent', 'delivered', 'undelivered',
    'failed', 'dead', 'skipped', 'canceled', 'expired')),
  reason text,
  code text,
  claim integer NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  attempts_before_replay integer NOT NULL DEFAULT 0,
  first_due_at timestamptz NOT NULL,
  due_at timestamptz,
  wake_at timestamptz,
  lease_until timestamptz,
  cancel_requested boolean NOT NULL DEFAULT false,
  provider text,
  provider_message_id text,
  receipt text,
  receipt_rank smallint NOT NULL DEFAULT 0,
  receipt_reason text,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  delivered_at timestamptz
) PARTITION BY RANGE (id);
COMMENT ON COLUMN deliveries.claim IS 'Counts claims; fences a worker whose lease ran out';
COMMENT ON COLUMN deliveries.due_at IS 'Since when work is due (queued, sending); NULL otherwise';
COMMENT ON COLUMN deliveries.wake_at IS 'When a scheduled delivery becomes due; NULL otherwise';
CREATE TABLE attempts (
  delivery_id uuid NOT NULL,
  claim integer NOT NULL,
  number integer NOT NULL,
  tenant_id uuid NOT NULL,
  provider text NOT NULL,
  started_at timestamptz NOT NULL,
  duration_ms integer NOT NULL,
  outcome text NOT NULL,
  reason text,
  code text,
  detail text,
  provider_message_id text,
  facts json,
  PRIMARY KEY (delivery_id, claim)
) PARTITION BY RANGE (delivery_id);
CREATE TABLE events (
  delivery_id uuid NOT NULL,
  id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  type text NOT NULL,
  reason text,
  detail text,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (delivery_id, id)
) PARTITION BY RANGE (delivery_id);
CREATE TABLE attachments (
  notification_id uuid NOT NULL,
  position integer NOT NULL,
  filename text NOT NULL,
  content_type text NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (notification_id, position)
) PARTITION BY RANGE (notification_id);
`;

const INDEXES = `
CREATE INDEX notifications_tenant ON notifications (tenant_id, id);
CREATE INDEX notifications_metadata ON notifications USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;
CREATE INDEX deliveries_due ON deliveries (channel, lane, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_wake ON deliveries (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX deliveries_address ON deliveries (address_key) WHERE address_key IS NOT NULL;
`;

const COLD_TABLES = `
CREATE TABLE idempotency_keys (
  tenant_id uuid NOT NULL,
  live boolean NOT NULL,
  key text NOT NULL,
  fingerprint bytea NOT NULL,
  notification_id uuid NOT NULL,
  response text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, live, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys USING brin (expires_at);
CREATE TABLE suppressions (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  live boolean NOT NULL,
  channel text NOT NULL,
  address_key bytea NOT NULL,
  reason text NOT NULL CHECK (reason IN ('bounce', 'opt_out', 'endpoint_gone', 'manual')),
  hint text NOT NULL,
  delivery_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, live, channel, address_key)
);
CREATE INDEX suppressions_newest ON suppressions (tenant_id, live, created_at, channel, address_key);
COMMENT ON COLUMN suppressions.live IS 'False for what test keys caused: it never affects real messages';
COMMENT ON COLUMN suppressions.hint IS 'The address with most of it hidden, for people';
CREATE TABLE dead_letters (
  delivery_id uuid PRIMARY KEY,
  notification_id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  channel text NOT NULL,
  lane text NOT NULL,
  provider text,
  reason text NOT NULL,
  code text,
  attempts integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_letters_tenant ON dead_letters (tenant_id, delivery_id);
`;

const PARTITIONS = `
CREATE FUNCTION herald_uuid_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
CREATE FUNCTION herald_ensure_partitions(first_day timestamptz, days integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  parent text;
  day timestamptz;
  child text;
  made integer := 0;
BEGIN
  -- Several schedulers may come at once.
  PERFORM pg_advisory_xact_lock(4741703);
  FOREACH parent IN ARRAY ARRAY['notifications', 'deliveries', 'attempts', 'events', 'attachments'] LOOP
    IF to_regclass(parent || '_default') IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', parent || '_default', parent);
    END IF;
    FOR i IN 0 .. days - 1 LOOP
      day := date_trunc('day', first_day AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + make_interval(days => i);
      child := parent || '_' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD');
      CONTINUE WHEN to_regclass(child) IS NOT NULL;
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent,
          herald_uuid_floor(day), herald_uuid_floor(day + interval '1 day'));
        IF parent = 'deliveries' THEN
          EXECUTE format('ALTER TABLE %I SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)', child);
        END IF;
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        -- Nobody made it in time. That day stays in the default partition; the others must not go without for it.
        RAISE WARNING '% holds rows of %', parent || '_default', day;
      END;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;
`;

const SETTLED_STATE = `
CREATE FUNCTION herald_settled_state(proposed text, outcome text, receipt text, cancel_requested boolean)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN receipt IS NOT NULL AND outcome IS NOT NULL AND proposed IN ('sent', 'queued', 'scheduled', 'dead')
      THEN receipt
    WHEN cancel_requested AND proposed IN ('queued', 'scheduled') THEN 'canceled'
    ELSE proposed
  END
$$;
COMMENT ON FUNCTION herald_settled_state IS
  'What a delivery becomes: a receipt that overtook the outcome wins over it, a cancellation over another try';
`;
