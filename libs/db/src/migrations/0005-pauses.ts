import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Pauses of lanes. Those of an older release stand in Redis only, which a migration does not see: whoever compares the two
 * first takes them over, and `done_once` says that it has been done.
 */
export class Pauses1700000000005 implements MigrationInterface {
  name = 'Pauses1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const TABLES = `
CREATE TABLE pauses (
  channel text NOT NULL,
  lane text NOT NULL,
  paused_at timestamptz NOT NULL DEFAULT now(),
  paused_by text,
  reason text,
  PRIMARY KEY (channel, lane)
);
COMMENT ON COLUMN pauses.paused_by IS 'Who, in the words of whoever paused it; NULL when it was not said';
CREATE TABLE done_once (
  name text PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE done_once IS 'Steps of an upgrade that a migration cannot take, since it sees nothing but Postgres';
`;
