import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { claimDeliveries } from '../deliveries/claim-deliveries';
import { getDelivery } from '../reading/get-delivery';
import { type Owner } from '../reading/owner';
import {
  acceptAll,
  connectForTest,
  newOwner,
  sendOne,
  type TestRequest,
} from '../reading/testing/notifications';
import { listDeadLetters, pickDeadLetters } from './list-dead-letters';
import { discardDeadLetters, replayDeadLetters } from './settle-dead-letters';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(() => {
  owner = newOwner();
});
afterAll(() => db.close());

/** Deliveries that ended as dead letters, in the order of their ids. */
async function dead(count: number, request: TestRequest = {}, reason = 'retries_exhausted' as const) {
  const accepted = await acceptAll(db, owner, Array(count).fill(request));
  const ids = accepted.map(({ deliveryIds }) => deliveryIds[0] as string);
  for (const id of ids) await sendOne(db, id, { state: 'dead', reason, called: { code: 'twilio_30008' } });
  return ids.sort();
}

const rowOf = async (id: string) => (await db.rows('SELECT * FROM deliveries WHERE id = $1', [id]))[0];
const letters = async () =>
  (await listDeadLetters(db, owner, {}, { limit: 1000 })).map((letter) => letter.id);
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

/** As if the delivery's time had come and gone while it lay dead. */
async function expire(id: string) {
  await db.rows("UPDATE deliveries SET expires_at = now() - interval '1 second' WHERE id = $1", [id]);
}

describe('replayDeadLetters', () => {
  it('puts them back in the queue, due now, with the policy counting anew', async () => {
    const [first, second, other] = (await dead(3)) as [string, string, string];
    const before = Date.now() - 1000;
    const results = await replayDeadLetters(db, owner, [second, first]);
    expect(results.map((result) => result.id).sort()).toEqual([first, second]);
    expect(results[0]).toEqual({
      outcome: 'settled',
      id: expect.any(String),
      channel: 'sms',
      lane: 'default',
    });
    expect(await letters()).toEqual([other]);
    const row = await rowOf(first);
    expect(row).toMatchObject({
      state: 'queued',
      reason: 'replayed',
      code: null,
      attempts: 1,
      attempts_before_replay: 1,
      cancel_requested: false,
    });
    expect((row!.due_at as Date).getTime()).toBeGreaterThan(before);
    expect(row?.first_due_at).toEqual(row?.due_at);
    const [claimed] = await claimDeliveries(db, [first], 60_000);
    expect(claimed).toMatchObject({ id: first, attempt: 2, attemptsInPolicy: 1 });
  });

  it('forgets what failovers, providers that were tried and receipts had come to', async () => {
    const [id] = (await dead(1)) as [string];
    await db.rows(
      `UPDATE deliveries SET failovers = 11, tried = ARRAY[id], receipt = 'sent', receipt_rank = 1, sent_at = now()
       WHERE id = $1`,
      [id],
    );
    await replayDeadLetters(db, owner, [id]);
    expect(await rowOf(id)).toMatchObject({
      failovers: 0,
      tried: null,
      receipt: null,
      receipt_rank: 0,
      sent_at: null,
    });
    const [claimed] = await claimDeliveries(db, [id], 60_000);
    expect(claimed).toMatchObject({ attemptsInPolicy: 1 });
  });

  it('tells the timeline how it had ended and that it was replayed', async () => {
    const [id] = (await dead(1)) as [string];
    await replayDeadLetters(db, owner, [id]);
    const view = await getDelivery(db, owner, id);
    expect(view?.timeline.map(({ type, reason, detail }) => [type, reason, detail])).toEqual([
      ['accepted', undefined, undefined],
      ['attempt', undefined, 'twilio_30008'],
      ['dead', 'retries_exhausted', 'twilio_30008'],
      ['replayed', 'replayed', undefined],
    ]);
  });

  it('leaves what has expired, and says so', async () => {
    const [gone, good] = (await dead(2, { expiresAt: inHours(1) })) as [string, string];
    await expire(gone);
    const results = await replayDeadLetters(db, owner, [gone, good]);
    expect(results.find((result) => result.id === gone)).toMatchObject({ outcome: 'expired' });
    expect(results.find((result) => result.id === good)).toMatchObject({ outcome: 'settled' });
    expect(await letters()).toEqual([gone]);
    expect(await rowOf(gone)).toMatchObject({ state: 'dead', reason: 'retries_exhausted' });
  });

  it("does not touch another tenant's, nor what is not a dead letter", async () => {
    const [theirs] = (await dead(1)) as [string];
    const [accepted] = await acceptAll(db, owner, [{}]);
    const waiting = accepted?.deliveryIds[0] as string;
    const results = await replayDeadLetters(db, newOwner(), [theirs]);
    expect(results).toMatchObject([{ id: theirs, outcome: 'not_found' }]);
    expect(await rowOf(theirs)).toMatchObject({ state: 'dead' });
    expect(await letters()).toEqual([theirs]);
    const unknown = newId(Date.now());
    const mine = await replayDeadLetters(db, owner, [waiting, unknown]);
    expect(mine.map((result) => result.outcome)).toEqual(['not_found', 'not_found']);
    expect(await rowOf(waiting)).toMatchObject({ state: 'queued', reason: null });
  });

  it('removes a letter whose delivery is not dead any more, and leaves the delivery', async () => {
    const [id] = (await dead(1)) as [string];
    await db.rows("UPDATE deliveries SET state = 'delivered' WHERE id = $1", [id]);
    expect(await replayDeadLetters(db, owner, [id])).toMatchObject([{ id, outcome: 'not_dead' }]);
    expect(await rowOf(id)).toMatchObject({ state: 'delivered' });
    expect(await letters()).toEqual([]);
  });

  it('touches only what the owner has posted with keys like his own, unless both are meant', async () => {
    const [live] = (await dead(1)) as [string];
    const test: Owner = { ...owner, live: false };
    const [accepted] = await acceptAll(db, test, [{}]);
    const simulated = accepted?.deliveryIds[0] as string;
    await sendOne(db, simulated, { state: 'dead', reason: 'retries_exhausted' });
    for (const settle of [replayDeadLetters, discardDeadLetters]) {
      expect(await settle(db, test, [live])).toMatchObject([{ id: live, outcome: 'not_found' }]);
      expect(await settle(db, owner, [simulated])).toMatchObject([{ outcome: 'not_found' }]);
    }
    const listed = async (whose: Parameters<typeof listDeadLetters>[1]) =>
      (await listDeadLetters(db, whose, {}, { limit: 10 })).map((letter) => letter.id);
    const picked = (whose: Parameters<typeof pickDeadLetters>[1]) =>
      pickDeadLetters(db, whose, {}, { limit: 10 });
    expect([await listed(owner), await picked(owner)]).toEqual([[live], [live]]);
    expect([await listed(test), await picked(test)]).toEqual([[simulated], [simulated]]);
    const { tenantId } = owner;
    expect(await listed({ tenantId })).toEqual([live, simulated].sort().reverse());
    expect(await replayDeadLetters(db, { tenantId }, [live])).toMatchObject([{ outcome: 'settled' }]);
    expect(await discardDeadLetters(db, test, [simulated])).toMatchObject([{ outcome: 'settled' }]);
  });

  it('replays each once, however many ask at the same time and in whatever order', async () => {
    const ids = await dead(60);
    const orders = [ids, [...ids].reverse(), ids, [...ids].reverse()];
    const all = await Promise.all(orders.map((order) => replayDeadLetters(db, owner, order)));
    const settled = all.flat().filter((result) => result.outcome === 'settled');
    expect(settled.map((result) => result.id).sort()).toEqual(ids);
    const events = await db.rows(
      "SELECT delivery_id FROM events WHERE delivery_id = ANY($1) AND type = 'replayed'",
      [ids],
    );
    expect(events).toHaveLength(60);
  });

  it('takes an empty list', async () => {
    expect(await replayDeadLetters(db, owner, [])).toEqual([]);
  });
});

describe('discardDeadLetters', () => {
  it('ends them as failed, expired or not', async () => {
    const [expired, good] = (await dead(2, { expiresAt: inHours(1) })) as [string, string];
    await expire(expired);
    const results = await discardDeadLetters(db, owner, [expired, good]);
    expect(results.map((result) => result.outcome)).toEqual(['settled', 'settled']);
    expect(await letters()).toEqual([]);
    for (const id of [expired, good]) {
      expect(await rowOf(id)).toMatchObject({ state: 'failed', reason: 'discarded', due_at: null });
    }
    const view = await getDelivery(db, owner, good);
    expect(view?.timeline.map(({ type }) => type)).toEqual(['accepted', 'attempt', 'dead', 'discarded']);
    expect(await replayDeadLetters(db, owner, [good])).toMatchObject([{ outcome: 'not_found' }]);
  });
});

describe('listDeadLetters and pickDeadLetters', () => {
  it('list in pages, newest first, and pick oldest first', async () => {
    const ids = await dead(7);
    const newest = [...ids].reverse();
    const page = await listDeadLetters(db, owner, {}, { limit: 4 });
    expect(page.map((letter) => letter.id)).toEqual(newest.slice(0, 4));
    expect(page[0]).toEqual({
      id: newest[0],
      notificationId: expect.any(String),
      channel: 'sms',
      lane: 'default',
      provider: 'twilio',
      reason: 'retries_exhausted',
      code: 'twilio_30008',
      attempts: 1,
      at: expect.any(Date),
    });
    const rest = await listDeadLetters(db, owner, {}, { limit: 4, before: page[3]?.id });
    expect(rest.map((letter) => letter.id)).toEqual(newest.slice(4));
    expect(await pickDeadLetters(db, owner, {}, { limit: 3, after: ids[1] })).toEqual(ids.slice(2, 5));
  });

  it('filter by every field, within the tenant', async () => {
    const sms = await dead(2);
    const email = await dead(1, {
      to: [{ email: 'ada@example.com' }],
      content: { email: { subject: 'Hi', text: 'Hello' } },
    });
    const list = async (filter: Parameters<typeof listDeadLetters>[2]) =>
      (await listDeadLetters(db, owner, filter, { limit: 10 })).map((letter) => letter.id).sort();
    expect(await list({ channel: 'sms' })).toEqual(sms);
    expect(await list({ channel: 'email', provider: 'twilio', reason: 'retries_exhausted' })).toEqual(email);
    expect(await list({ reason: 'content_rejected' })).toEqual([]);
    expect(await list({ provider: 'smtp' })).toEqual([]);
    expect(await list({ before: new Date(Date.now() + 60_000) })).toHaveLength(3);
    expect(await list({ before: new Date(Date.now() - 60_000) })).toEqual([]);
    expect(await listDeadLetters(db, newOwner(), {}, { limit: 10 })).toEqual([]);
  });
});
