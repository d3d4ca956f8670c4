import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { acceptOne, connectForTest, newOwner, sendOne } from '../reading/testing/notifications';
import { ensurePartitions } from './ensure-partitions';
import { partitionFigures } from './partition-figures';
import {
  DAY_MS,
  dayOf,
  homeOf,
  insertDelivery,
  openTransaction,
  suffixOf,
  TABLES,
  tableExists,
} from './testing/partitions';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
afterAll(() => db.close());

const ALL = TABLES.length;
const NOTHING = { made: 0, moved: 0, busy: 0, full: 0 };
const deliveryHome = async (ms: number) =>
  homeOf(db, 'deliveries', 'id', await insertDelivery(db, ms, 'queued'));

it('finds the days of the first migration, and makes what is missing, once', async () => {
  expect(await ensurePartitions(db, 5)).toEqual(NOTHING);
  const { made, ...rest } = await ensurePartitions(db, 20);
  expect(made).toBeGreaterThan(10 * ALL);
  expect(rest).toEqual({ moved: 0, busy: 0, full: 0 });
  expect(await ensurePartitions(db, 20)).toEqual(NOTHING);
  for (const table of TABLES) {
    expect(await tableExists(db, `${table}_${suffixOf(Date.now() + 20 * DAY_MS)}`)).toBe(true);
    expect(await tableExists(db, `${table}_${suffixOf(Date.now() + 21 * DAY_MS)}`)).toBe(false);
  }
  expect(await partitionFigures(db)).toMatchObject({ daysAhead: 20 });
});

it('makes partitions that take the whole of their day (UTC) and nothing else', async () => {
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS + 12 * DAY_MS;
  const [day, dayBefore] = [suffixOf(midnight), suffixOf(midnight - 1)];
  expect(await deliveryHome(midnight)).toBe(`deliveries_${day}`);
  expect(await deliveryHome(midnight + DAY_MS - 1)).toBe(`deliveries_${day}`);
  expect(await deliveryHome(midnight - 1)).toBe(`deliveries_${dayBefore}`);
});

it('makes them like those of the first migration', async () => {
  const shape = async (table: string) => {
    const indexes = await db.rows<{ def: string }>(
      `SELECT replace(pg_get_indexdef(indexrelid), indexrelid::regclass::text, '') AS def FROM pg_index
       WHERE indrelid = $1::regclass AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = indexrelid)`,
      [table],
    );
    const constraints = await db.rows<{ def: string }>(
      "SELECT pg_get_constraintdef(oid) AS def FROM pg_constraint WHERE conrelid = $1::regclass AND contype <> 'n'",
      [table],
    );
    const [options] = await db.rows('SELECT reloptions FROM pg_class WHERE oid = $1::regclass', [table]);
    const all = [...indexes, ...constraints].map(({ def }) => def.replaceAll(table, 'TABLE')).sort();
    return { all, options };
  };
  for (const table of TABLES) {
    const first = await shape(`${table}_${suffixOf(Date.now() + DAY_MS)}`);
    expect(first.all.length).toBeGreaterThan(0);
    expect(await shape(`${table}_${suffixOf(Date.now() + 15 * DAY_MS)}`)).toEqual(first);
  }
});

it('lets several schedulers do it at once', async () => {
  const results = await Promise.all([1, 2, 3, 4].map(() => ensurePartitions(db, 25)));
  expect(results.reduce((sum, { made }) => sum + made, 0)).toBe(5 * ALL);
});

describe('a day without a partition', () => {
  it('takes what is accepted, works on it, and gives it to its partition later', async () => {
    const now = Date.now() + 28 * DAY_MS;
    const owner = newOwner();
    const { id, deliveryIds } = await acceptOne(db, owner, { now });
    const deliveryId = deliveryIds[0] as string;
    await sendOne(db, deliveryId);
    expect(await homeOf(db, 'notifications', 'id', id)).toBe('notifications_default');
    expect(await homeOf(db, 'attempts', 'delivery_id', deliveryId)).toBe('attempts_default');
    expect((await partitionFigures(db)).defaultRows).toMatchObject({ notifications: 1, deliveries: 1 });

    expect(await ensurePartitions(db, 30)).toEqual({ made: 5 * ALL, moved: 3, busy: 0, full: 0 });
    expect(await homeOf(db, 'notifications', 'id', id)).toBe(`notifications_${suffixOf(now)}`);
    expect(await homeOf(db, 'deliveries', 'id', deliveryId)).toBe(`deliveries_${suffixOf(now)}`);
    expect(await homeOf(db, 'attempts', 'delivery_id', deliveryId)).toBe(`attempts_${suffixOf(now)}`);
    expect((await partitionFigures(db)).defaultRows).toMatchObject({ notifications: 0, deliveries: 0 });
    expect(await db.rows('SELECT state FROM deliveries WHERE id = $1', [deliveryId])).toEqual([
      { state: 'sent' },
    ]);
  });

  it('loses no row that somebody wants while it is moved', async () => {
    const now = Date.now() + 33 * DAY_MS;
    const ids: string[] = [];
    for (let n = 0; n < 200; n += 1) ids.push(await insertDelivery(db, now + n, 'queued'));
    let done = false;
    const touched = (async () => {
      let least = ids.length;
      while (!done) {
        const rows = await db.rows(
          'UPDATE deliveries SET updated_at = now() WHERE id = ANY($1) AND id BETWEEN $2 AND $3 RETURNING 1',
          [ids, ids[0], ids.at(-1)],
        );
        least = Math.min(least, rows.length);
      }
      return least;
    })();
    const { moved } = await ensurePartitions(db, 35);
    done = true;
    expect(moved).toBe(ids.length);
    expect(await touched).toBe(ids.length);
    expect(await homeOf(db, 'deliveries', 'id', ids[0] as string)).toBe(`deliveries_${suffixOf(now)}`);
  });

  it('keeps its rows when they are too many to be moved at once, and holds up no other day', async () => {
    const ms = Date.now() + 38 * DAY_MS;
    await insertDelivery(db, ms);
    await db.rows(
      `INSERT INTO events (delivery_id, id, tenant_id, type)
       SELECT id, gen_random_uuid(), id, 'x' FROM deliveries, generate_series(1, 5001) WHERE id >= $1`,
      [`${BigInt(Math.floor(ms)).toString(16).padStart(12, '0').slice(0, 8)}-0000-0000-0000-000000000000`],
    );
    expect(await ensurePartitions(db, 40)).toEqual({ made: 5 * ALL - 1, moved: 1, busy: 0, full: 1 });
    expect(await tableExists(db, `events_${suffixOf(ms)}`)).toBe(false);
    expect(await tableExists(db, `events_${suffixOf(ms + DAY_MS)}`)).toBe(true);
    // What an operator does in a quiet hour.
    expect(
      await db.rows('SELECT * FROM herald_attach_partition($1, $2, 50, 100000)', ['events', dayOf(ms)]),
    ).toEqual([{ outcome: 'made', moved: 5001 }]);
  });
});

it('makes writers wait for nobody else: it gives up and comes again', async () => {
  const reader = await openTransaction(database.url, 'SELECT 1 FROM deliveries_default');
  try {
    const ensuring = ensurePartitions(db, 41);
    for (let n = 0; n < 20; n += 1) await insertDelivery(db, Date.now() + 60 * DAY_MS);
    await reader.end();
    expect(await ensuring).toMatchObject({ made: ALL, busy: 0 });
  } finally {
    await reader.end().catch(() => undefined);
  }
});
