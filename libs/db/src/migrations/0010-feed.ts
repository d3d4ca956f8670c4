import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The in-app feeds. A feed's row is what everyone who changes the feed locks first, so that the numbers of the changes are
 * in the order of the commits and a reader who knows everything up to a number misses nothing.
 *
 * `state` is in the index of the pages, so that one index serves every filter and the counts; rejected: a partial index for
 * each of them, which are four more to write for each item. `category` at its end is tested in the index, without a look
 * at the items that are of others. `delivered_at` is in no index: that an item arrived is a HOT update.
 */
export class Feed1700000000010 implements MigrationInterface {
  name = 'Feed1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [TABLES, INDEXES]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const TABLES = `
CREATE TABLE feeds (
  tenant_id uuid NOT NULL,
  recipient text NOT NULL,
  last_seq bigint NOT NULL,
  PRIMARY KEY (tenant_id, recipient)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE feed_items (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  recipient text NOT NULL,
  notification_id uuid NOT NULL,
  position bigint NOT NULL,
  seq bigint NOT NULL,
  title text NOT NULL,
  body text,
  category text,
  url text,
  image_url text,
  data json,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  delivered_at timestamptz,
  seen_at timestamptz,
  read_at timestamptz,
  archived_at timestamptz,
  state text NOT NULL GENERATED ALWAYS AS (CASE
    WHEN archived_at IS NOT NULL THEN 'archived'
    WHEN read_at IS NOT NULL THEN 'read'
    WHEN seen_at IS NOT NULL THEN 'seen'
    ELSE 'unseen' END) STORED
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON COLUMN feeds.last_seq IS 'The number of the last change; a feed that is empty keeps it';
COMMENT ON COLUMN feed_items.id IS 'The delivery''s';
COMMENT ON COLUMN feed_items.position IS 'The number of the change that added it: the order of the feed';
COMMENT ON COLUMN feed_items.seq IS 'The number of its last change';
COMMENT ON COLUMN feed_items.created_at IS 'When it came to the feed; long after its id was made if it was scheduled';
`;

const INDEXES = `
CREATE INDEX feed_items_page ON feed_items (tenant_id, recipient, state, position, category);
CREATE INDEX feed_items_changes ON feed_items (tenant_id, recipient, seq);
CREATE INDEX feed_items_expiry ON feed_items (expires_at) WHERE expires_at IS NOT NULL;
`;
