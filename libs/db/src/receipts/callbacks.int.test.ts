import { newId } from '@herald/domain';
import { until, useTestDatabase } from '@herald/testing';
import { Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { deleteCallbacks } from './delete-callbacks';
import { inboxFigures } from './inbox-figures';
import { putBackCallback } from './put-back-callback';
import { type ReceivedCallback, storeCallbacks } from './store-callbacks';
import { takeCallbacks } from './take-callbacks';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(() => db.rows('DELETE FROM receipt_inbox'));
afterAll(() => db.close());

const callback = (over: Partial<ReceivedCallback> = {}): ReceivedCallback => ({
  id: newId(Date.now()),
  tenantId: newId(Date.now()),
  providerId: newId(Date.now()),
  url: 'https://edge.example.com/v1/receipts/1?a=b,{"c"}',
  body: Buffer.from([0, 255, 34, 92, 123, 44]),
  ...over,
});
const store = (callbacks: ReceivedCallback[], holdMs = 0) =>
  storeCallbacks(
    db,
    callbacks.map((one) => ({ callback: one, holdMs })),
  );
const take = (limit = 10, holdMs = 60_000) => takeCallbacks(db, { limit, holdMs, except: [] });

/** A session of its own, for a transaction. */
function connectAlone(): Promise<Database> {
  return Database.connect({
    url: database.url,
    poolSize: 1,
    statementTimeoutMs: 5000,
    connectTimeoutMs: 1000,
    applicationName: 'test',
  });
}

it('gives back what was stored, byte for byte', async () => {
  const callbacks = [
    callback({ deliveryId: newId(Date.now()), contentType: 'text/plain; charset="utf-8"' }),
    callback({ body: Buffer.alloc(0) }),
    callback({ body: Buffer.alloc(1024 * 1024, 7) }),
  ];
  const receivedAt = await store(callbacks);
  const taken = new Map((await take()).map((one) => [one.id, one]));
  for (const one of callbacks) {
    const expected = { deliveryId: undefined, contentType: undefined, ...one, receivedAt, tries: 1 };
    expect(taken.get(one.id)).toEqual(expected);
  }
});

it('leaves to who stored it what is held, until the time is over', async () => {
  await store([callback()], 60_000);
  expect(await take()).toEqual([]);
  const short = callback();
  await store([short], 50);
  const [taken] = await until(async () => {
    const found = await take();
    return found.length > 0 && found;
  });
  expect(taken).toMatchObject({ id: short.id, tries: 2 });
});

it('gives each to one of many who ask at once, and nobody waits for another', async () => {
  const callbacks = Array.from({ length: 60 }, () => callback());
  await store(callbacks);
  const other = await connectAlone();
  await other.rows('BEGIN');
  const theirs = await takeCallbacks(other, { limit: 10, holdMs: 60_000, except: [] });
  const ours = (await Promise.all(Array.from({ length: 6 }, () => take(10)))).flat();
  await other.rows('COMMIT');
  await other.close();
  const rest = await take(60);
  const taken = [...theirs, ...ours, ...rest].map(({ id }) => id).sort();
  expect(taken).toEqual(callbacks.map(({ id }) => id).sort());
});

it('puts back for another try, or for good, unless somebody else has it', async () => {
  await store([callback(), callback()]);
  const [first, second] = await take();
  await putBackCallback(db, first!, { pauseMs: 0, error: '22P02' });
  await putBackCallback(db, { id: second!.id, tries: 7 }, { pauseMs: 0, error: 'late' });
  const [again, ...others] = await take();
  expect(again).toMatchObject({ id: first!.id, tries: 2 });
  expect(others).toEqual([]);
  await putBackCallback(db, again!, { pauseMs: undefined, error: 'TypeError' });
  expect(
    await db.rows('SELECT taken_until, last_error FROM receipt_inbox WHERE id = $1', [first!.id]),
  ).toEqual([{ taken_until: null, last_error: 'TypeError' }]);
  expect(await take()).toEqual([]);
});

it('measures what waits, without what was given up', async () => {
  expect(await inboxFigures(db)).toEqual({ callbacks: 0, oldestSeconds: 0 });
  const tenantId = newId(Date.now());
  const callbacks = Array.from({ length: 3 }, () => callback({ tenantId }));
  await store(callbacks);
  await db.rows("UPDATE receipt_inbox SET received_at = now() - interval '90 s' WHERE id = $1", [
    callbacks[1]!.id,
  ]);
  const [first] = await take(1);
  await putBackCallback(db, first!, { pauseMs: undefined, error: 'x' });
  await deleteCallbacks(db, [callbacks[2]!.id]);
  const figures = await inboxFigures(db);
  expect(figures.callbacks).toBe(1);
  expect(figures.oldestSeconds).toBeGreaterThanOrEqual(first!.id === callbacks[1]!.id ? 0 : 90);
});

it('takes what waits longest first, by an index', async () => {
  const callbacks = [callback(), callback(), callback()];
  await store(callbacks);
  const due = (id: string, seconds: number) =>
    db.rows("UPDATE receipt_inbox SET taken_until = now() - $2 * interval '1 s' WHERE id = $1", [
      id,
      seconds,
    ]);
  await due(callbacks[0]!.id, 5);
  await due(callbacks[1]!.id, 50);
  await due(callbacks[2]!.id, 20);
  expect((await take(2)).map(({ id }) => id).sort()).toEqual([callbacks[1]!.id, callbacks[2]!.id].sort());
  const plan = await db.rows(
    'EXPLAIN SELECT id FROM receipt_inbox WHERE taken_until <= now() ORDER BY taken_until LIMIT 9',
  );
  expect(JSON.stringify(plan)).toContain('receipt_inbox_due');
});

it('takes of all tenants alike, however much waits of one, and nothing of those left out', async () => {
  const [flood, few, one] = [newId(Date.now()), newId(Date.now()), newId(Date.now())];
  const of = (tenantId: string, count: number) => Array.from({ length: count }, () => callback({ tenantId }));
  await store(of(flood, 60));
  await store(of(few, 5));
  await store(of(one, 1));
  const taken = (from: { tenantId: string }[]) =>
    [flood, few, one].map((id) => from.filter(({ tenantId }) => tenantId === id).length);
  expect(taken(await take(12))).toEqual([4, 4, 1]);
  expect(taken(await take(12))).toEqual([6, 1, 0]);
  expect(taken(await take(12))).toEqual([12, 0, 0]);
  expect(await takeCallbacks(db, { limit: 12, holdMs: 60_000, except: [flood] })).toEqual([]);
});
