import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { getNotification } from '../reading/get-notification';
import { type Owner } from '../reading/owner';
import { acceptOne, connectForTest, newOwner, sendOne } from '../reading/testing/notifications';
import { deleteStrays } from './delete-strays';
import { DAY_MS, TABLES } from './testing/partitions';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  owner = newOwner();
  await db.rows(`TRUNCATE ${TABLES.join(', ')}, dead_letters`);
});
afterAll(() => db.close());

const RETENTION_DAYS = 90;
const ago = (days: number, ms = 0) => Date.now() - days * DAY_MS + ms;
async function delivered(now: number, state: 'sent' | 'dead' = 'sent'): Promise<string> {
  const { id, deliveryIds } = await acceptOne(db, owner, { now });
  await sendOne(db, deliveryIds[0] as string, {
    state,
    ...(state === 'dead' ? { reason: 'unprocessable' } : {}),
  });
  return id;
}
const count = async (table: string) => Number((await db.rows(`SELECT count(*) FROM ${table}`))[0]?.count);

it('deletes what is too old of every table, with its dead letters, and nothing younger', async () => {
  const old = [await delivered(ago(200)), await delivered(ago(92), 'dead'), await delivered(ago(91))];
  const kept = [await delivered(ago(89), 'dead'), await delivered(Date.now())];
  expect(await deleteStrays(db, RETENTION_DAYS)).toBe(old.length * 3);
  for (const id of old) expect(await getNotification(db, owner, id)).toBeUndefined();
  for (const id of kept) expect(await getNotification(db, owner, id)).toBeDefined();
  expect(await count('dead_letters')).toBe(1);
  expect(await count('attempts')).toBe(kept.length);
});

it('deletes in steps', async () => {
  await db.rows(
    `INSERT INTO notifications (id, tenant_id, api_key_id, live, lane, policy, content)
     SELECT (left(herald_uuid_floor(now() - interval '100 days' + n * interval '1 second')::text, 24)
       || lpad(n::text, 12, '0'))::uuid, gen_random_uuid(), gen_random_uuid(), true, 'default', 'at_least_once', '{}'
     FROM generate_series(1, 2500) n`,
  );
  const step = () =>
    db.rows("SELECT herald_delete_strays((now() - interval '90 days')::date, 1000) AS deleted");
  const deleted: unknown[] = [];
  for (let n = 0; n < 4; n += 1) deleted.push((await step())[0]?.deleted);
  expect(deleted).toEqual([1000, 1000, 500, 0]);
});

it('keeps an open delivery and all that came after it', async () => {
  const old = await delivered(ago(120));
  const open = await acceptOne(db, owner, { now: ago(110) });
  const after = await delivered(ago(100));
  await deleteStrays(db, RETENTION_DAYS);
  expect(await getNotification(db, owner, old)).toBeUndefined();
  expect(await getNotification(db, owner, open.id)).toMatchObject({ deliveries: [{ state: 'queued' }] });
  expect(await getNotification(db, owner, after)).toBeDefined();
  await sendOne(db, open.deliveryIds[0] as string);
  await deleteStrays(db, RETENTION_DAYS);
  expect(await count('notifications')).toBe(0);
  expect(await count('deliveries')).toBe(0);
});

it('keeps the deliveries of one notification together', async () => {
  const to = Array.from({ length: 1000 }, (_, n) => ({ phone: `+49151${String(n).padStart(7, '0')}` }));
  const { id, deliveryIds } = await acceptOne(db, owner, { now: ago(95), to });
  await db.rows("UPDATE deliveries SET state = 'sent', due_at = NULL WHERE id <> $1", [deliveryIds[500]]);
  await deleteStrays(db, RETENTION_DAYS);
  expect(await getNotification(db, owner, id)).toMatchObject({ deliveries: { length: 1000 } });
});
