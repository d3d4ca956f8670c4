import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { acceptOne, connectForTest, newOwner } from '../reading/testing/notifications';
import { deleteExpiredKeys, ensurePartitions } from './maintain';

const DAY = 86_400_000;
const TABLES = 5;

describe('ensurePartitions', () => {
  const database = useTestDatabase();
  let db: Database;
  beforeAll(async () => {
    db = await connectForTest(database.url);
  });
  afterAll(() => db.close());

  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10).replaceAll('-', '');
  const exists = async (name: string) =>
    (await db.rows<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [name]))[0]?.found;
  /** The partition that a delivery of some moment goes to. */
  async function homeOf(ms: number): Promise<string | undefined> {
    const id = newId(ms);
    const [row] = await db.rows<{ home: string }>(
      `INSERT INTO deliveries (id, notification_id, tenant_id, recipient, channel, lane, live, policy, state, first_due_at)
       VALUES ($1, $1, $1, 0, 'sms', 'default', true, 'at_least_once', 'queued', now())
       RETURNING tableoid::regclass::text AS home`,
      [id],
    );
    return row?.home;
  }

  it('finds the days of the first migration, and makes what is missing, once', async () => {
    expect(await ensurePartitions(db, 5)).toBe(0);
    expect(await ensurePartitions(db, 20)).toBeGreaterThan(10 * TABLES);
    expect(await ensurePartitions(db, 20)).toBe(0);
    for (const table of ['notifications', 'deliveries', 'attempts', 'events', 'attachments']) {
      expect(await exists(`${table}_${dayOf(Date.now() + 20 * DAY)}`)).toBe(true);
      expect(await exists(`${table}_${dayOf(Date.now() + 21 * DAY)}`)).toBe(false);
    }
  });

  it('makes partitions that take the whole of their day (UTC) and nothing else', async () => {
    const midnight = Math.floor(Date.now() / DAY) * DAY + 3 * DAY;
    const [day, dayBefore] = [dayOf(midnight), dayOf(midnight - 1)];
    expect(await homeOf(midnight)).toBe(`deliveries_${day}`);
    expect(await homeOf(midnight + DAY - 1)).toBe(`deliveries_${day}`);
    expect(await homeOf(midnight - 1)).toBe(`deliveries_${dayBefore}`);
  });

  it('lets several schedulers do it at once', async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => ensurePartitions(db, 25)));
    expect(made.reduce((sum, count) => sum + count, 0)).toBe(5 * TABLES);
  });

  it('leaves no day out because the default partition holds rows of another', async () => {
    const stray = Date.now() + 27 * DAY;
    expect(await homeOf(stray)).toBe('deliveries_default');
    expect(await ensurePartitions(db, 30)).toBe(5 * TABLES - 1);
    expect(await homeOf(stray)).toBe('deliveries_default');
    expect(await homeOf(stray + DAY)).toBe(`deliveries_${dayOf(stray + DAY)}`);
    expect(await ensurePartitions(db, 30)).toBe(0);
  });

  it('lets what was accepted in the default partition be found and worked on', async () => {
    const { deliveryIds } = await acceptOne(db, newOwner(), { now: Date.now() + 60 * DAY });
    const found = await db.rows(
      'SELECT tableoid::regclass::text AS home, state FROM deliveries WHERE id = $1',
      [deliveryIds[0]],
    );
    expect(found).toEqual([{ home: 'deliveries_default', state: 'queued' }]);
  });
});

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
