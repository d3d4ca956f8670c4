import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { retryDelivery } from '../controlling/retry-delivery';
import { replayDeadLetters } from '../dead-letters/settle-dead-letters';
import { getDelivery } from '../reading/get-delivery';
import { getNotification } from '../reading/get-notification';
import { listNotifications } from '../reading/list-notifications';
import { type Owner } from '../reading/owner';
import {
  acceptOne,
  connectForTest,
  newOwner,
  sendOne,
  type TestOutcome,
} from '../reading/testing/notifications';
import { applyReceipt } from '../receipts/testing/apply-receipt';
import { dropRetired } from './drop-retired';
import { exclusively } from './exclusively';
import { expiredDays, retireDay } from './retire-days';
import { DAY_MS, dayOf, openTransaction, suffixOf, TABLES, tableExists } from './testing/partitions';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
/** The moment of a day of its own for each test, long ago. */
let then: number;
let daysAgo = 100;
const RETENTION_DAYS = 90;

beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  owner = newOwner();
  daysAgo += 1;
  then = Date.now() - daysAgo * DAY_MS;
  await db.rows('SELECT herald_ensure_partitions($1, 1)', [new Date(then)]);
});
afterEach(() => dropRetired(db));
afterAll(() => db.close());

const day = () => dayOf(then);
async function delivered(outcome?: TestOutcome): Promise<{ id: string; deliveryId: string }> {
  const { id, deliveryIds } = await acceptOne(db, owner, { now: then });
  const deliveryId = deliveryIds[0] as string;
  await sendOne(db, deliveryId, outcome);
  return { id, deliveryId };
}
const DEAD: TestOutcome = { state: 'dead', reason: 'retries_exhausted' };
const allTables = async (prefix: string) =>
  Promise.all(TABLES.map((table) => tableExists(db, `${prefix}${table}_${suffixOf(then)}`)));

it('knows the days whose last moment is too long ago, oldest first', async () => {
  const young = Date.now() - RETENTION_DAYS * DAY_MS;
  await db.rows('SELECT herald_ensure_partitions($1, 1)', [new Date(young)]);
  await db.rows('SELECT herald_ensure_partitions($1, 1)', [new Date(then - 5 * DAY_MS)]);
  const days = await expiredDays(db, RETENTION_DAYS);
  expect(days).toEqual([dayOf(then - 5 * DAY_MS), day()]);
  expect(await expiredDays(db, RETENTION_DAYS - 1)).toEqual([...days, dayOf(young)]);
  for (const each of days) await retireDay(db, each);
});

it('takes all tables of a day out at once, then drops them with their dead letters', async () => {
  const { id, deliveryId } = await delivered(DEAD);
  const kept = await acceptOne(db, owner);
  await sendOne(db, kept.deliveryIds[0] as string, DEAD);
  expect(await retireDay(db, day())).toBe('retired');
  expect(await getNotification(db, owner, id)).toBeUndefined();
  expect(await getDelivery(db, owner, deliveryId)).toBeUndefined();
  expect((await listNotifications(db, owner, { limit: 10 })).items.map((item) => item.id)).toEqual([kept.id]);
  expect(await retryDelivery(db, owner, deliveryId)).toEqual({ kind: 'unknown' });
  expect(
    await applyReceipt(db, { deliveryId, tenantId: owner.tenantId, channel: 'sms', state: 'delivered' }),
  ).toBe('unknown');

  expect(await allTables('retired_')).toEqual(TABLES.map(() => true));
  expect(await dropRetired(db)).toEqual(
    [...TABLES].sort().map((table) => `retired_${table}_${suffixOf(then)}`),
  );
  expect(await db.rows('SELECT delivery_id FROM dead_letters')).toEqual([
    { delivery_id: kept.deliveryIds[0] },
  ]);
  expect(await allTables('retired_')).toEqual(TABLES.map(() => false));
  expect(await getNotification(db, owner, kept.id)).toBeDefined();
  expect(await retireDay(db, day())).toBe('absent');
  expect(await dropRetired(db)).toEqual([]);
});

it.each(['queued', 'sending', 'scheduled'])(
  'leaves a day alone as long as a delivery is %s',
  async (state) => {
    await delivered();
    const open = await acceptOne(db, owner, { now: then });
    await db.rows(
      `UPDATE deliveries SET state = $2, due_at = CASE WHEN $2 <> 'scheduled' THEN now() END,
       wake_at = CASE WHEN $2 = 'scheduled' THEN now() END WHERE id = $1`,
      [open.deliveryIds[0], state],
    );
    expect(await retireDay(db, day())).toBe('open');
    expect(await getNotification(db, owner, open.id)).toBeDefined();
    await db.rows("UPDATE deliveries SET state = 'failed', due_at = NULL, wake_at = NULL WHERE id = $1", [
      open.deliveryIds[0],
    ]);
    expect(await retireDay(db, day())).toBe('retired');
  },
);

it('sees a delivery that is replayed while it waits for its locks', async () => {
  const { deliveryId } = await delivered(DEAD);
  const reader = await openTransaction(database.url, 'SELECT 1 FROM attachments LIMIT 1');
  const retiring = retireDay(db, day());
  expect((await replayDeadLetters(db, owner, [deliveryId])).map((each) => each.outcome)).toEqual(['settled']);
  await reader.end();
  expect(await retiring).toBe('open');
  expect(await allTables('retired_')).toEqual(TABLES.map(() => false));
});

it('gives up after a moment while somebody reads, without changing anything, and writers go on', async () => {
  await delivered();
  const reader = await openTransaction(database.url, 'SELECT 1 FROM events LIMIT 1');
  await expect(db.rows('SELECT herald_retire_day($1, 50)', [day()])).rejects.toMatchObject({ code: '55P03' });
  expect(await allTables('')).toEqual(TABLES.map(() => true));
  const retiring = retireDay(db, day());
  for (let n = 0; n < 20; n += 1) await acceptOne(db, owner);
  await reader.end();
  expect(await retiring).toBe('retired');
});

it('goes on with what another process left behind', async () => {
  await delivered(DEAD);
  await retireDay(db, day());
  const stopped = new AbortController();
  stopped.abort();
  expect(await dropRetired(db, stopped.signal)).toEqual([]);
  expect(await dropRetired(db)).toHaveLength(TABLES.length);
});

it('deletes many dead letters in steps', async () => {
  const { deliveryId } = await delivered(DEAD);
  await db.rows(
    `INSERT INTO dead_letters (delivery_id, notification_id, tenant_id, channel, lane, reason, attempts)
     SELECT (left($1::text, 24) || lpad(n::text, 12, '0'))::uuid, $1::uuid, $1::uuid, 'sms', 'default', 'unprocessable', 1
     FROM generate_series(1, 12000) n`,
    [deliveryId],
  );
  const others = Number((await db.rows('SELECT count(*) FROM dead_letters'))[0]?.count) - 12_001;
  await retireDay(db, day());
  await dropRetired(db);
  expect(Number((await db.rows('SELECT count(*) FROM dead_letters'))[0]?.count)).toBe(others);
});

it('is done by one process at a time', async () => {
  let end: () => void = () => undefined;
  const first = exclusively(
    db,
    'retention',
    () =>
      new Promise<string>((resolve) => {
        end = () => resolve('done');
      }),
  );
  const other = await connectForTest(database.url);
  try {
    let second: string | undefined = 'not yet';
    // The first one may not have its lock yet.
    while (second !== undefined)
      second = await exclusively(other, 'retention', () => Promise.resolve('done'));
    end();
    expect(await first).toBe('done');
    expect(await exclusively(other, 'retention', () => Promise.resolve('done'))).toBe('done');
  } finally {
    await other.close();
  }
});
