import { RECEIPT_RANK, type ReceiptState, receiptUrl } from '@herald/contracts';
import { Database, getDelivery, listSuppressions, storeCallbacks } from '@herald/db';
import { type Receipt } from '@herald/delivery';
import { newId } from '@herald/domain';
import { until, useTestDatabase } from '@herald/testing';
import fc from 'fast-check';
import request from 'supertest';
import { addScriptedTenant, SECRET } from '../testing/scripted-receipts';
import {
  openTestEdge,
  PUBLIC_URL,
  sendSms,
  type TestEdge,
  type TestEdgeOptions,
} from '../testing/use-test-edge';
import { type ReceiptProvider } from './receipt-providers';

const database = useTestDatabase();
const scripted = new Map<string, ReceiptProvider>();
const opened: TestEdge[] = [];
let first: TestEdge;
let tenantId: string;
let providerId: string;

async function openEdge(options: TestEdgeOptions = {}): Promise<TestEdge> {
  const edge = await openTestEdge(database.url, { scripted, pollEveryMs: 20, ...options });
  opened.push(edge);
  return edge;
}
/** One that applies only what it took itself: its own looks come too late. */
const openBlind = (options: TestEdgeOptions = {}) => openEdge({ pollEveryMs: 3_600_000, ...options });

beforeEach(async () => {
  first = await openBlind();
  ({ tenantId, providerId } = await addScriptedTenant(first.db, scripted));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((edge) => edge.close()));
});

const post = (edge: TestEdge, body: unknown, deliveryId?: string) =>
  request(edge.app)
    .post(receiptUrl(PUBLIC_URL, providerId, deliveryId).slice(PUBLIC_URL.length))
    .set('x-secret', SECRET)
    .type('json')
    .send(JSON.stringify(body));
const delivered: Receipt = { kind: 'state', state: 'delivered' };
const view = (id: string) => getDelivery(first.db, { tenantId, live: true }, id);
const inbox = () =>
  first.db.rows('SELECT tries, last_error, taken_until FROM receipt_inbox WHERE provider_id = $1', [
    providerId,
  ]);
const untilEmpty = () => until(async () => (await inbox()).length === 0);

async function figure(edge: TestEdge, name: string): Promise<number> {
  const { body } = await edge.metrics.render();
  return Number(
    body
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  );
}

/** Somebody else's transaction that keeps a delivery from being changed. */
async function lockDelivery(id: string): Promise<() => Promise<void>> {
  const db = await Database.connect({
    url: database.url,
    poolSize: 1,
    statementTimeoutMs: 5000,
    connectTimeoutMs: 1000,
    applicationName: 'test',
  });
  await db.rows('BEGIN');
  await db.rows('SELECT FROM deliveries WHERE id = $1 FOR UPDATE', [id]);
  return async () => {
    await db.rows('ROLLBACK');
    await db.close();
  };
}

it('answers when a callback is durable, and applies it afterwards', async () => {
  const id = await sendSms(first, tenantId);
  const unlock = await lockDelivery(id);
  await post(first, [delivered], id).expect(204);
  expect(await inbox()).toHaveLength(1);
  expect((await view(id))?.state).toBe('sent');
  await unlock();
  await untilEmpty();
  expect((await view(id))?.state).toBe('delivered');
});

it('applies what an account says in its order, and lets what messages of their own say pass by', async () => {
  const [id, other] = [await sendSms(first, tenantId), await sendSms(first, tenantId)];
  const unlock = await lockDelivery(id);
  const consent = (optedOut: boolean): Receipt => ({ kind: 'consent', address: '+4915112345678', optedOut });
  await post(first, [{ ...delivered, deliveryId: id }, consent(true)]).expect(204);
  await post(first, [consent(false)]).expect(204);
  await post(first, [delivered], other).expect(204);
  await until(async () => (await view(other))?.state === 'delivered');
  expect((await view(id))?.state).toBe('sent');
  await unlock();
  await untilEmpty();
  expect(await listSuppressions(first.db, { tenantId, live: true }, { limit: 9 })).toEqual([]);
});

it('lets another edge take over what one took before it crashed', async () => {
  const id = await sendSms(first, tenantId);
  const crashing = await openBlind({ holdMs: 300 });
  const unlock = await lockDelivery(id);
  await post(crashing, [delivered], id).expect(204);
  // It waits for the lock; a crash ends its connections and so its statement.
  await until(async () => {
    const ended = await first.db.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return ended.length > 0;
  });
  await unlock();
  expect((await view(id))?.state).toBe('sent');
  await openEdge();
  await until(async () => (await view(id))?.state === 'delivered');
  await untilEmpty();
});

it('takes up what a process stored and never came to', async () => {
  const id = await sendSms(first, tenantId);
  const callback = {
    id: newId(Date.now()),
    tenantId,
    providerId,
    deliveryId: id,
    url: receiptUrl(PUBLIC_URL, providerId, id),
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify([delivered])),
  };
  await storeCallbacks(first.db, [{ callback, holdMs: 200 }]);
  const edge = await openEdge();
  await until(async () => (await figure(edge, 'herald_receipt_inbox_callbacks')) === 1);
  await until(async () => (await view(id))?.state === 'delivered');
  await until(async () => (await figure(edge, 'herald_receipt_inbox_callbacks')) === 0);
});

it('leaves in the table what is too much for memory, and comes to it', async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => sendSms(first, tenantId)));
  const small = await openBlind({ maxHeld: 2 });
  const unlocks = await Promise.all(ids.map(lockDelivery));
  await Promise.all(ids.map((id) => post(small, [delivered], id).expect(204)));
  expect((await inbox()).filter(({ tries }) => tries === 0)).toHaveLength(6);
  await Promise.all(unlocks.map((unlock) => unlock()));
  await openEdge();
  await untilEmpty();
  for (const id of ids) expect((await view(id))?.state).toBe('delivered');
});

describe('while one tenant has more than can be applied', () => {
  let other: { tenantId: string; providerId: string };
  const postOther = (edge: TestEdge, id: string) =>
    request(edge.app)
      .post(receiptUrl(PUBLIC_URL, other.providerId, id).slice(PUBLIC_URL.length))
      .set('x-secret', SECRET)
      .type('json')
      .send(JSON.stringify([delivered]));
  /** Before the statements that hold up the first one end by themselves. */
  const untilTheirs = (id: string) =>
    until(
      async () => {
        const theirs = await getDelivery(first.db, { tenantId: other.tenantId, live: true }, id);
        return theirs?.state === 'delivered';
      },
      { timeoutMs: 3500 },
    );
  beforeEach(async () => {
    other = await addScriptedTenant(first.db, scripted);
  });

  it.each([1000, 6])('another one is served at once, with room for %i in memory', async (maxHeld) => {
    const edge = await openBlind({ maxHeld });
    const ids = await Promise.all(Array.from({ length: 8 }, () => sendSms(first, tenantId)));
    const theirs = await sendSms(first, other.tenantId);
    const unlocks = await Promise.all(ids.map(lockDelivery));
    for (const id of ids) await post(edge, [delivered], id).expect(204);
    await postOther(edge, theirs).expect(204);
    await untilTheirs(theirs);
    expect(await inbox()).toHaveLength(8);
    await Promise.all(unlocks.map((unlock) => unlock()));
  });

  it('what others left in the table is taken', async () => {
    const id = await sendSms(first, tenantId);
    const theirs = await sendSms(first, other.tenantId);
    const edge = await openEdge();
    const unlock = await lockDelivery(id);
    await post(edge, [{ ...delivered, deliveryId: id }]).expect(204);
    for (let n = 0; n < 110; n += 1) await post(edge, []).expect(204);
    await postOther(await openBlind({ maxHeld: 0 }), theirs).expect(204);
    await untilTheirs(theirs);
    expect(await inbox()).toHaveLength(111);
    await unlock();
    await untilEmpty();
  });
});

it('tries again what cannot be read, gives it up in the end and holds up nothing else', async () => {
  const edge = await openEdge();
  await post(edge, 'broken').expect(204);
  const id = await sendSms(edge, tenantId);
  await post(edge, [{ ...delivered, deliveryId: id }]).expect(204);
  await until(async () => (await view(id))?.state === 'delivered');
  const [failed] = await until(async () => {
    const rows = await inbox();
    return rows[0]?.last_error && rows;
  });
  expect(failed).toMatchObject({ tries: 1, last_error: 'TypeError' });
  await edge.db.rows('UPDATE receipt_inbox SET tries = 11, taken_until = now() WHERE provider_id = $1', [
    providerId,
  ]);
  await until(async () => (await inbox())[0]?.taken_until === null);
  expect(await inbox()).toMatchObject([{ tries: 12, last_error: 'TypeError' }]);
  expect(await figure(edge, 'herald_receipts_given_up_total')).toBe(1);
  // A person sets it free again.
  await edge.db.rows(
    "UPDATE receipt_inbox SET tries = 0, taken_until = now(), body = '[]' WHERE provider_id = $1",
    [providerId],
  );
  await untilEmpty();
});

it('does not touch again what its takers never came back from', async () => {
  const edge = await openEdge();
  await first.db.rows(
    `INSERT INTO receipt_inbox (id, tenant_id, provider_id, url, body, taken_until, tries)
     VALUES (gen_random_uuid(), $1, $2, 'https://edge.example.com', '[]', now(), 40)`,
    [tenantId, providerId],
  );
  await until(async () => (await inbox())[0]?.last_error === 'abandoned');
  expect(await figure(edge, 'herald_receipts_given_up_total')).toBe(1);
});

it('applies what it took before it stops', async () => {
  const ids = await Promise.all(Array.from({ length: 30 }, () => sendSms(first, tenantId)));
  const edge = await openBlind();
  await Promise.all(ids.map((id) => post(edge, [delivered], id).expect(204)));
  await edge.receipts.stop();
  expect(await inbox()).toEqual([]);
  for (const id of ids) expect((await view(id))?.state).toBe('delivered');
});

it('ends in the highest state that was told, whatever the order, the number and the edges', async () => {
  const edges = [first, await openEdge(), await openEdge({ maxHeld: 0 })];
  const state = fc.constantFrom<ReceiptState>('sent', 'undelivered', 'delivered');
  const callback = fc.record({
    edge: fc.nat({ max: 2 }),
    states: fc.array(state, { minLength: 1, maxLength: 3 }),
    opened: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
    inUrl: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(callback, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      async (callbacks, atOnce) => {
        const id = await sendSms(first, tenantId);
        const posts = callbacks.map(({ edge, states, opened: eventIds, inUrl }) => async () => {
          const receipts: Receipt[] = [
            ...states.map((told) => ({ kind: 'state' as const, state: told, deliveryId: id })),
            ...eventIds.map((n) => ({
              kind: 'event' as const,
              event: 'opened' as const,
              eventId: `${id} ${n}`,
              deliveryId: id,
            })),
          ];
          await post(edges[edge] as TestEdge, receipts, inUrl ? id : undefined).expect(204);
        });
        if (atOnce) await Promise.all(posts.map((one) => one()));
        else for (const one of posts) await one();
        await untilEmpty();
        const ranks = callbacks.flatMap(({ states }) => states.map((told) => RECEIPT_RANK[told]));
        const delivery = await view(id);
        expect(RECEIPT_RANK[delivery?.state as ReceiptState]).toBe(Math.max(...ranks));
        const times = (type: string) => delivery?.timeline.filter((entry) => entry.type === type).length;
        expect(times('opened')).toBe(new Set(callbacks.flatMap((c) => c.opened)).size);
        expect(times('delivered')).toBe(delivery?.state === 'delivered' ? 1 : 0);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
