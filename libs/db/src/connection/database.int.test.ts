import { useTestDatabase } from '@herald/testing';
import { connectForTest } from '../reading/testing/notifications';
import { Database } from './database';
import { migrate } from './migrate';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
  await db.rows('CREATE SEQUENCE tries');
  await db.rows(`
    CREATE FUNCTION fails(times bigint, code text) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE n bigint := nextval('tries');
    BEGIN
      IF n <= times THEN RAISE EXCEPTION 'not yet' USING ERRCODE = code; END IF;
      RETURN n;
    END $$`);
});
beforeEach(() => db.rows("SELECT setval('tries', 1, false)"));
afterAll(() => db.close());

const DEADLOCK = '40P01';
const SERIALIZATION = '40001';
const triesOf = async () => Number((await db.rows('SELECT last_value FROM tries'))[0]?.last_value);

describe('Database', () => {
  it.each([DEADLOCK, SERIALIZATION])('tries a statement again that failed with %s', async (code) => {
    expect(await db.rows('SELECT fails(3, $1) AS n', [code])).toEqual([{ n: '4' }]);
    await db.rows("SELECT setval('tries', 1, false)");
    expect(await db.prepared('fails', 'SELECT fails(3, $1) AS n', [code])).toEqual([{ n: '4' }]);
  });

  it('gives up after five tries', async () => {
    await expect(db.rows('SELECT fails(99, $1)', [DEADLOCK])).rejects.toMatchObject({ code: DEADLOCK });
    expect(await triesOf()).toBe(5);
  });

  it('does not repeat what failed for another reason', async () => {
    await expect(db.rows('SELECT fails(99, $1)', ['23505'])).rejects.toMatchObject({ code: '23505' });
    expect(await triesOf()).toBe(1);
  });

  it('cancels a statement that takes too long', async () => {
    const hasty = await Database.connect({
      url: database.url,
      poolSize: 1,
      statementTimeoutMs: 100,
      connectTimeoutMs: 5000,
      applicationName: 'hasty',
    });
    try {
      await expect(hasty.rows('SELECT pg_sleep(20)')).rejects.toMatchObject({ code: '57014' });
      await hasty.ping();
      const [{ application_name: name }] = (await hasty.rows('SHOW application_name')) as [
        { application_name: string },
      ];
      expect(name).toBe('hasty');
    } finally {
      await hasty.close();
    }
  });

  it('shows the connections of its pool', async () => {
    await Promise.all(Array.from({ length: 4 }, () => db.rows('SELECT pg_sleep(0.05)')));
    const { total, idle, waiting } = db.poolFigures();
    expect([total >= 4, idle, waiting]).toEqual([true, total, 0]);
  });
});

describe('migrate', () => {
  it('brings an empty database up to date, also when several processes begin at once, and again', async () => {
    const url = new URL(database.url);
    const name = `${url.pathname.slice(1)}_empty`;
    await db.rows(`CREATE DATABASE ${name}`);
    url.pathname = name;
    await Promise.all([migrate(url.href), migrate(url.href), migrate(url.href)]);
    await migrate(url.href);
    const fresh = await connectForTest(url.href);
    try {
      const schema = `SELECT table_name, column_name, data_type FROM information_schema.columns
                      WHERE table_schema = 'public' ORDER BY 1, 2`;
      const columns = await fresh.rows(schema);
      expect(columns.length).toBeGreaterThan(100);
      expect(columns).toEqual(await db.rows(schema.replace('ORDER', "AND table_name <> 'tries' ORDER")));
      expect(await fresh.rows('SELECT name FROM migrations')).toEqual(
        await db.rows('SELECT name FROM migrations'),
      );
    } finally {
      await fresh.close();
    }
  });
});
