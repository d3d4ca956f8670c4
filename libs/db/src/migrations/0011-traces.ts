import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What a notification's deliveries continue: the trace of the request (W3C Trace Context, 55 characters). */
export class Traces1700000000011 implements MigrationInterface {
  name = 'Traces1700000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE notifications ADD COLUMN traceparent text');
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}
