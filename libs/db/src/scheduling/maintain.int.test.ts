import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { deleteExpiredKeys } from './maintain';

describe('deleteExpiredKeys', () => {
  const database = useTestDatabase();
  let db: Database;
  beforeAll(async () => {
    db = await connectForTest(database.url);
  });
  afterAll(() => db.close());

  it('deletes what has expired, so many at a time, and keeps the rest', async () => {
    const insert = (count: number, expires: string) =>
      db.rows(
        `INSERT INTO idempotency_keys (tenant_id, live, key, fingerprint, notification_id, response, expires_at)
         SELECT gen_random_uuid(), true, 'k', '', gen_random_uuid(), '', ${expires} FROM generate_series(1, $1)`,
        [count],
      );
    await insert(25, "now() - interval '1 second'");
    await insert(5, "now() + interval '1 hour'");
    const deleted: number[] = [];
    for (let round = 0; round < 4; round += 1) deleted.push(await deleteExpiredKeys(db, 10));
    expect(deleted).toEqual([10, 10, 5, 0]);
    expect(await db.rows('SELECT 1 FROM idempotency_keys')).toHaveLength(5);
  });
});
