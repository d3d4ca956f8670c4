import { type FeedMark } from '@herald/contracts';
import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { getDelivery } from '../reading/get-delivery';
import { acceptOne, claimOne, connectForTest, recordOne, sendOne } from '../reading/testing/notifications';
import { newTenant } from '../tenants/testing/new-tenant';
import { newEndpoint, outboxOf } from '../webhook-events/testing/endpoints';
import { addFeedItems } from './add-feed-items';
import { confirmFeedItems } from './confirm-feed-items';
import { feedHeads } from './feed-heads';
import { type FeedRef } from './feed-item';
import { markFeedItems } from './mark-feed-items';
import { addAll, allChanges, itemOf, newFeed, watchDeadlocks } from './testing/feeds';

const database = useTestDatabase();
let db: Database;
let feed: FeedRef;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  feed = { tenantId: await newTenant(db), recipient: 'user_42' };
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => db.close());

const owner = () => ({ tenantId: feed.tenantId, live: true });
const INAPP = { to: [{ recipient: 'user_42' }], content: { inapp: { title: 'Hello' } } };
/** A delivery whose item is in the feed, as if its worker had stopped there. */
async function claimedWithItem() {
  const { deliveryIds } = await acceptOne(db, owner(), INAPP);
  const claimed = await claimOne(db, deliveryIds[0]!);
  await addFeedItems(db, [itemOf(feed, { id: claimed.id, notificationId: claimed.notificationId })]);
  return claimed;
}
async function sentItem(): Promise<string> {
  const claimed = await claimedWithItem();
  await recordOne(db, claimed);
  return claimed.id;
}
const view = (id: string) => getDelivery(db, owner(), id);
const typesOf = async (id: string) => (await view(id))?.timeline.map(({ type }) => type);
const item = async (id: string) => (await allChanges(db, feed)).find((row) => row.id === id)!;
const mark = (id: string, as: FeedMark) => markFeedItems(db, feed, { ids: [id] }, as);

describe('confirmFeedItems', () => {
  it('makes deliveries delivered, once, and leaves the numbers of the feed alone', async () => {
    const ids = [await sentItem(), await sentItem(), await sentItem()];
    const [untouched, ...confirmed] = ids;
    const heads = await feedHeads(db, [feed]);
    expect(
      await confirmFeedItems(
        db,
        feed,
        confirmed.map((id) => id.toUpperCase()),
      ),
    ).toBe(2);
    for (const id of confirmed) {
      expect(await view(id)).toMatchObject({ state: 'delivered', deliveredAt: expect.any(String) });
      expect((await typesOf(id))?.at(-1)).toBe('delivered');
    }
    expect(await view(untouched!)).toMatchObject({ state: 'sent' });
    const before = await allChanges(db, feed);
    expect(before.map(({ deliveredAt }) => deliveredAt !== null)).toEqual([false, true, true]);
    expect(await confirmFeedItems(db, feed, confirmed)).toBe(0);
    expect(await allChanges(db, feed)).toEqual(before);
    expect(await feedHeads(db, [feed])).toEqual(heads);
    expect((await typesOf(confirmed[0]!))?.filter((type) => type === 'delivered')).toHaveLength(1);
    expect(await confirmFeedItems(db, feed, [])).toBe(0);
  });

  it('wins over a recording that comes later, and over the wait for another try', async () => {
    const early = await claimedWithItem();
    await confirmFeedItems(db, feed, [early.id]);
    expect(await view(early.id)).toMatchObject({ state: 'sending' });
    await recordOne(db, early);
    const waiting = await claimedWithItem();
    const retry = { state: 'queued', reason: 'retry_scheduled', delayMs: 60_000 } as const;
    await recordOne(db, waiting, { ...retry, called: { outcome: 'retry' } });
    await confirmFeedItems(db, feed, [waiting.id]);
    for (const { id } of [early, waiting]) {
      expect(await view(id)).toMatchObject({ state: 'delivered', deliveredAt: expect.any(String) });
    }
  });

  it('announces what was delivered, in one statement with it', async () => {
    await newEndpoint(db, owner());
    const ids = [await sentItem(), await sentItem()];
    await confirmFeedItems(db, feed, ids);
    await confirmFeedItems(db, feed, ids);
    const told = (await outboxOf(db, feed.tenantId)).filter(({ type }) => type === 'delivery.delivered');
    expect(told.map(({ data }) => (data as { deliveryId: string }).deliveryId).sort()).toEqual(
      [...ids].sort(),
    );
  });

  it('confirms an item whose delivery is gone, and nothing of other feeds, tenants and channels', async () => {
    const [orphan] = await addAll(db, feed, [{}]);
    expect(await confirmFeedItems(db, feed, [orphan!, newId(Date.now())])).toBe(1);
    expect(await item(orphan!)).toMatchObject({ deliveredAt: expect.any(Date) });
    const id = await sentItem();
    expect(await confirmFeedItems(db, { ...feed, recipient: 'other' }, [id])).toBe(0);
    expect(await confirmFeedItems(db, newFeed(), [id])).toBe(0);
    const sms = (await acceptOne(db, owner())).deliveryIds[0]!;
    await sendOne(db, sms);
    await addFeedItems(db, [itemOf(feed, { id: sms })]);
    await confirmFeedItems(db, feed, [sms]);
    for (const one of [id, sms]) expect(await view(one)).toMatchObject({ state: 'sent' });
  });

  it('does it once when all say so at the same moment, and marks come in between', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, sentItem));
    const shuffled = (n: number) => [...ids.slice(n), ...ids.slice(0, n)];
    const [confirmed] = await Promise.all([
      Promise.all([0, 3, 7, 11, 15].map((n) => confirmFeedItems(db, feed, shuffled(n)))),
      ...(['read', 'unread', 'archived'] as const).map((as, n) =>
        markFeedItems(db, feed, { ids: shuffled(n * 5) }, as),
      ),
    ]);
    expect(confirmed.reduce((sum, n) => sum + n, 0)).toBeLessThanOrEqual(20);
    for (const id of ids) {
      expect(await view(id)).toMatchObject({ state: 'delivered' });
      const types = (await typesOf(id)) ?? [];
      for (const type of ['delivered', 'seen', 'read'])
        expect(types.filter((one) => one === type)).toHaveLength(1);
    }
  });
});

it('lets confirmations and marks of the same items never wait for each other', async () => {
  const items = Array.from({ length: 300 }, () => itemOf(feed));
  await addFeedItems(db, items);
  const ids = items.map(({ id }) => id);
  const deadlocks = watchDeadlocks(db);
  await Promise.all([
    ...Array.from({ length: 8 }, () => confirmFeedItems(db, feed, ids)),
    ...(['read', 'archived', 'unread'] as const).map((as) => markFeedItems(db, feed, { ids }, as)),
  ]);
  expect(deadlocks.count).toBe(0);
});

describe('markFeedItems', () => {
  it('puts seen and read on the timeline, once each, and tells endpoints', async () => {
    await newEndpoint(db, owner(), { events: ['delivery.seen', 'delivery.read'] });
    const [seen, read] = [await sentItem(), await sentItem()];
    for (const as of ['seen', 'seen', 'read', 'unread', 'read'] as const) await mark(seen, as);
    await mark(read, 'read');
    for (const id of [seen, read]) {
      expect((await typesOf(id))?.slice(-3)).toEqual(['delivered', 'seen', 'read']);
      expect(await view(id)).toMatchObject({ state: 'delivered' });
    }
    const told = (await outboxOf(db, feed.tenantId)).map(({ type, data }) => [
      type,
      (data as { deliveryId: string; state: string }).deliveryId,
      (data as { state: string }).state,
    ]);
    const expected = [seen, read].flatMap((id) => [
      ['delivery.seen', id, 'delivered'],
      ['delivery.read', id, 'delivered'],
    ]);
    expect(told.sort()).toEqual(expected.sort());
  });

  it('keeps the times of what it does not change', async () => {
    const [id] = await addAll(db, feed, [{}]);
    const states: unknown[] = [];
    for (const as of ['seen', 'read', 'archived', 'unread', 'unarchived'] as const) {
      const before = await item(id!);
      const { changed, seq } = await mark(id!, as);
      const { seenAt, readAt, archivedAt, seq: now } = await item(id!);
      expect([changed, seq]).toEqual([[{ id }], now]);
      states.push([as, seenAt !== null, readAt !== null, archivedAt !== null]);
      if (before.seenAt) expect(seenAt).toEqual(before.seenAt);
    }
    expect(states).toEqual([
      ['seen', true, false, false],
      ['read', true, true, false],
      ['archived', true, true, true],
      ['unread', true, false, true],
      ['unarchived', true, false, false],
    ]);
  });

  it('changes nothing twice, and nothing of another feed', async () => {
    const [id] = await addAll(db, feed, [{}]);
    await mark(id!.toUpperCase(), 'read');
    const before = await item(id!);
    for (const as of ['read', 'seen', 'unarchived'] as const) {
      expect(await mark(id!, as)).toEqual({ changed: [], seq: '2' });
    }
    for (const other of [{ ...feed, recipient: 'other' }, newFeed()]) {
      expect((await markFeedItems(db, other, { ids: [id!] }, 'archived')).changed).toEqual([]);
      expect((await markFeedItems(db, other, { all: true }, 'archived')).changed).toEqual([]);
    }
    expect(await item(id!)).toEqual(before);
  });

  it('marks all, of a category, or up to a number, in as many steps as it takes', async () => {
    const items = Array.from({ length: 450 }, (_, n) =>
      itemOf(feed, { category: n % 2 ? 'chat' : undefined }),
    );
    await addFeedItems(db, items);
    const all = async (which: object, as: FeedMark) =>
      (await markFeedItems(db, feed, { all: true, ...which }, as)).changed.length;
    expect(await all({ category: 'chat', upTo: '100' }, 'seen')).toBe(50);
    expect(await all({ category: 'chat' }, 'seen')).toBe(175);
    expect(await all({}, 'read')).toBe(450);
    expect(await all({}, 'read')).toBe(0);
    expect(await all({ category: 'none' }, 'unread')).toBe(0);
    expect(await all({}, 'unread')).toBe(450);
    expect(await all({ category: 'chat' }, 'archived')).toBe(225);
    expect(await all({}, 'archived')).toBe(225);
    expect(await all({}, 'seen')).toBe(0);
    const { changed, seq } = await markFeedItems(db, feed, { all: true }, 'unarchived');
    expect(changed).toHaveLength(450);
    const rows = await allChanges(db, feed);
    expect(rows.at(-1)!.seq).toBe(seq);
    expect(new Set(rows.map((row) => row.seq)).size).toBe(450);
  });
});
