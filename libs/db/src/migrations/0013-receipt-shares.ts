import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Callbacks that wait are taken of all tenants alike: of each those that wait longest. */
export class ReceiptShares1700000000013 implements MigrationInterface {
  name = 'ReceiptShares1700000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX receipt_inbox_share ON receipt_inbox (tenant_id, taken_until) WHERE taken_until IS NOT NULL',
    );
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}
