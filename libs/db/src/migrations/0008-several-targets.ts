import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * A delivery can have several targets: the devices or the browsers of a recipient. Each call is an attempt of its own, and
 * what is reported dead is suppressed by itself.
 *
 * The attempts' key is built anew: writers of attempts wait meanwhile, seconds for each ten million rows.
 */
export class SeveralTargets1700000000008 implements MigrationInterface {
  name = 'SeveralTargets1700000000008';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [ATTEMPTS, SUPPRESSIONS]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const ATTEMPTS = `
ALTER TABLE attempts ADD COLUMN part smallint NOT NULL DEFAULT 0;
ALTER TABLE attempts DROP CONSTRAINT attempts_pkey, ADD PRIMARY KEY (delivery_id, claim, part);
COMMENT ON COLUMN attempts.part IS 'Which of the delivery''s targets: 0 where there is one';
`;

const SUPPRESSIONS = `
ALTER TABLE suppressions ADD COLUMN gone_since timestamptz;
ALTER TABLE suppressions DROP CONSTRAINT suppressions_reason_check;
ALTER TABLE suppressions ADD CONSTRAINT suppressions_reason_check
  CHECK (reason IN ('bounce', 'complaint', 'opt_out', 'endpoint_gone', 'unregistered', 'manual')) NOT VALID;
ALTER TABLE suppressions VALIDATE CONSTRAINT suppressions_reason_check;
COMMENT ON COLUMN suppressions.gone_since IS
  'Unregistered since: a token that the app got later is another registration. NULL: since created_at';
`;
