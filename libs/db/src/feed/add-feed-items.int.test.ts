import { newId } from '@herald/domain';
import { until, useTestDatabase } from '@herald/testing';
import fc from 'fast-check';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { addFeedItems } from './add-feed-items';
import { feedHeads } from './feed-heads';
import { type FeedRef } from './feed-item';
import { feedPage } from './feed-page';
import { markFeedItems } from './mark-feed-items';
import { allChanges, itemOf, newFeed, watchDeadlocks } from './testing/feeds';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => db.close());

const WAITING = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
const head = async (feed: FeedRef) => (await feedHeads(db, [feed]))[0]?.seq;

describe('addFeedItems', () => {
  it('keeps all that an item has', async () => {
    const feed = newFeed();
    const whole = itemOf(feed, {
      body: 'Your order is on its way.',
      category: 'orders',
      url: '/orders/42',
      imageUrl: 'https://example.com/parcel.png',
      data: { order: 42, lines: ['ä', { a: null }] },
      expiresAt: '2999-01-01T00:00:00+23:59',
    });
    const bare = itemOf(feed);
    expect(await addFeedItems(db, [whole, bare])).toEqual([{ ...feed, seq: '2' }]);
    const { tenantId, recipient, expiresAt, ...rest } = whole;
    const now = {
      deliveredAt: null,
      seenAt: null,
      readAt: null,
      archivedAt: null,
      createdAt: expect.any(Date),
    };
    const [first, second] = await allChanges(db, feed);
    expect(first).toEqual({ ...rest, ...now, expiresAt: new Date(expiresAt!), seq: '1', position: '1' });
    expect(second).toEqual({
      ...{ id: bare.id, notificationId: bare.notificationId, title: 'Hello', seq: '2', position: '2' },
      ...{ ...now, body: null, category: null, url: null, imageUrl: null, data: null, expiresAt: null },
    });
  });

  it('numbers the items of each feed by itself, and gives the heads of all', async () => {
    const [one, other] = [newFeed('b'), newFeed('a')];
    const sameName = { ...newFeed('b') };
    await addFeedItems(db, [itemOf(one)]);
    const heads = await addFeedItems(db, [itemOf(one), itemOf(other), itemOf(one), itemOf(sameName)]);
    expect(heads).toHaveLength(3);
    expect(heads).toEqual(
      expect.arrayContaining([
        { ...one, seq: '3' },
        { ...other, seq: '1' },
        { ...sameName, seq: '1' },
      ]),
    );
    expect(await feedHeads(db, [other, newFeed('none'), one])).toEqual([
      { ...other, seq: '1' },
      expect.objectContaining({ recipient: 'none', seq: '0' }),
      { ...one, seq: '3' },
    ]);
    expect(await addFeedItems(db, [])).toEqual([]);
  });

  it('changes nothing by a repeat, and still tells the head', async () => {
    const feed = newFeed();
    const [known, fresh] = [itemOf(feed), itemOf(feed)];
    await addFeedItems(db, [known]);
    await markFeedItems(db, feed, { ids: [known.id] }, 'read');
    const before = await allChanges(db, feed);
    const again = { ...known, title: 'Changed' };
    expect(await addFeedItems(db, [again])).toEqual([{ ...feed, seq: '2' }]);
    expect(await allChanges(db, feed)).toEqual(before);
    expect(await addFeedItems(db, [again, fresh])).toEqual([{ ...feed, seq: '3' }]);
    expect((await allChanges(db, feed)).map(({ id, title, seq }) => [id, title, seq])).toEqual([
      [known.id, 'Hello', '2'],
      [fresh.id, 'Hello', '3'],
    ]);
  });

  it('adds an item once however many add it at the same moment', async () => {
    const feed = newFeed();
    const items = Array.from({ length: 30 }, () => itemOf(feed));
    await addFeedItems(db, [itemOf(feed)]);
    const runner = db.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT FROM feeds WHERE tenant_id = $1 FOR UPDATE', [feed.tenantId]);
    const adding = Array.from({ length: 6 }, (_, n) =>
      addFeedItems(db, [...items.slice(n), ...items.slice(0, n)]),
    );
    // Now none of them knows of the others' items.
    await until(async () => (await db.rows(WAITING)).length === adding.length, {
      what: 'all to wait for the feed',
    });
    await runner.rollbackTransaction();
    await runner.release();
    await Promise.all(adding);
    const all = await allChanges(db, feed);
    expect(
      all
        .slice(1)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(items.map(({ id }) => id).sort());
    expect(all.map(({ position }) => position)).toEqual(all.map(({ seq }) => seq));
    expect(new Set(all.map(({ seq }) => seq)).size).toBe(31);
    expect(await head(feed)).toBe(String(1 + 6 * 30));
  });

  it('lets batches with the same feeds in any order and marks at the same time all through', async () => {
    const feeds = Array.from({ length: 12 }, (_, n) => newFeed(`user_${n}`));
    const batches = Array.from({ length: 40 }, (_, n) =>
      feeds.map((_feed, at) => itemOf(feeds[(at * 5 + n) % feeds.length]!)),
    );
    const deadlocks = watchDeadlocks(db);
    await Promise.all([
      ...batches.map((batch) => addFeedItems(db, batch)),
      ...feeds.flatMap((feed) => [
        markFeedItems(db, feed, { all: true }, 'read'),
        markFeedItems(db, feed, { all: true }, 'archived'),
      ]),
    ]);
    for (const feed of feeds) {
      const all = await allChanges(db, feed);
      expect(all).toHaveLength(40);
      expect(new Set(all.map(({ seq }) => seq)).size).toBe(40);
    }
    expect(deadlocks.count).toBe(0);
  });
});

describe('the numbers of a feed', () => {
  it('are in the order of the commits: who knows all up to one has missed nothing', async () => {
    const feed = newFeed();
    let writing = true;
    const known = new Map<string, string>();
    const read = async () => {
      let cursor = '0';
      while (writing || BigInt(cursor) < BigInt((await head(feed))!)) {
        // What came after a head that was read before is left for the next look: this is how a socket follows a feed.
        const until = (await head(feed))!;
        const rows = await feedChangesUpTo(feed, cursor, until);
        for (const { id, seq } of rows) known.set(id, seq);
        cursor = until;
      }
    };
    const write = async () => {
      const added: string[] = [];
      for (let n = 0; n < 25; n += 1) {
        const items = [itemOf(feed), itemOf(feed)];
        await addFeedItems(db, items);
        added.push(...items.map(({ id }) => id));
        const id = added[Math.floor(Math.random() * added.length)]!;
        await markFeedItems(db, feed, { ids: [id] }, n % 2 ? 'read' : 'unread');
      }
    };
    const reader = read();
    await Promise.all([write(), write(), write(), write()]);
    writing = false;
    await reader;
    const all = await allChanges(db, feed);
    expect(all).toHaveLength(200);
    expect(Object.fromEntries(known)).toEqual(Object.fromEntries(all.map(({ id, seq }) => [id, seq])));
  });

  const feedChangesUpTo = (feed: FeedRef, after: string, upTo: string) =>
    db.rows<{ id: string; seq: string }>(
      'SELECT id, seq FROM feed_items WHERE tenant_id = $1 AND recipient = $2 AND seq > $3 AND seq <= $4',
      [feed.tenantId, feed.recipient, after, upTo],
    );

  it('put what came later first, also what was scheduled long ago', async () => {
    const feed = newFeed();
    const now = Date.now();
    const scheduled = itemOf(feed, { id: newId(now - 86_400_000) });
    const early = itemOf(feed, { id: newId(now - 1000) });
    await addFeedItems(db, [early]);
    await addFeedItems(db, [scheduled]);
    const page = await feedPage(db, feed, { limit: 10 });
    expect(page.map(({ id }) => id)).toEqual([scheduled.id, early.id]);
  });
});

it('keeps feeds apart whatever happens to them', async () => {
  const step = fc.record({
    who: fc.nat({ max: 2 }),
    what: fc.constantFrom('add', 'read', 'unread', 'archived', 'unarchived', 'seen'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const tenant = newFeed();
      const feeds = [tenant, { ...tenant, recipient: 'other' }, newFeed()];
      const expected = feeds.map(() => 0);
      for (const { who, what } of steps) {
        const feed = feeds[who]!;
        if (what === 'add') {
          await addFeedItems(db, [itemOf(feed)]);
          expected[who]! += 1;
        } else await markFeedItems(db, feed, { all: true }, what as 'read');
      }
      for (const [n, feed] of feeds.entries()) {
        const all = await allChanges(db, feed);
        expect(all).toHaveLength(expected[n]!);
        expect(Number(await head(feed))).toBe(Math.max(0, ...all.map(({ seq }) => Number(seq))));
      }
    }),
    { numRuns: 15 },
  );
});
