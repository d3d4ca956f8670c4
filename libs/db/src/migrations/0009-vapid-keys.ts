import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** The keys that a tenant's web pushes are signed with. */
export class VapidKeys1700000000009 implements MigrationInterface {
  name = 'VapidKeys1700000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

const TABLE = `
CREATE TABLE vapid_keys (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  subject text NOT NULL,
  public_key text NOT NULL,
  private_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz
);
CREATE INDEX vapid_keys_tenant ON vapid_keys (tenant_id, id);
COMMENT ON COLUMN vapid_keys.public_key IS 'base64url of the point; what browsers subscribe with';
COMMENT ON COLUMN vapid_keys.private_key IS 'Sealed (AES-256-GCM); the row id is authenticated with it';
COMMENT ON COLUMN vapid_keys.expires_at IS 'Nothing is signed with it from then on. NULL: until it is deleted';
`;
