import { FEED_STATES, LIMITS } from '@herald/contracts';
import { useTestDatabase } from '@herald/testing';
import fc from 'fast-check';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { addFeedItems } from './add-feed-items';
import { feedChanges } from './feed-changes';
import { feedCounts } from './feed-counts';
import { type FeedItemRow, type FeedRef } from './feed-item';
import { type FeedPageOptions, feedPage } from './feed-page';
import { markFeedItems } from './mark-feed-items';
import { addAll, allChanges, itemOf, newFeed } from './testing/feeds';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
afterAll(() => db.close());

const PAST = '2020-01-01T00:00:00Z';

/** All pages of a feed. */
async function pages(feed: FeedRef, options: Omit<FeedPageOptions, 'beforePosition'>): Promise<string[]> {
  const ids: string[] = [];
  let beforePosition: string | undefined;
  for (;;) {
    const page = await feedPage(db, feed, { ...options, beforePosition });
    expect(page.length).toBeLessThanOrEqual(options.limit);
    ids.push(...page.map(({ id }) => id));
    if (page.length < options.limit) return ids;
    beforePosition = page.at(-1)!.position;
  }
}

const MATCHES: Record<(typeof FEED_STATES)[number] | 'all', (item: FeedItemRow) => boolean> = {
  all: (item) => !item.archivedAt,
  unseen: (item) => !item.archivedAt && !item.seenAt,
  unread: (item) => !item.archivedAt && !item.readAt,
  read: (item) => !item.archivedAt && item.readAt !== null,
  archived: (item) => item.archivedAt !== null,
};

describe('feedPage and feedCounts', () => {
  it('show and count, whatever was done to a feed, just what they say', async () => {
    const item = fc.record({
      category: fc.constantFrom(undefined, 'orders', 'chat'),
      expiresAt: fc.constantFrom(undefined, undefined, PAST, '2999-01-01T00:00:00Z'),
      marks: fc.array(fc.constantFrom('seen', 'read', 'unread', 'archived', 'unarchived'), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(item, { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (items, limit) => {
          const feed = newFeed();
          for (const { marks, ...over } of items) {
            const [id] = await addAll(db, feed, [over]);
            for (const as of marks) await markFeedItems(db, feed, { ids: [id!] }, as as 'read');
          }
          const alive = (await allChanges(db, feed)).sort((a, b) => Number(b.position) - Number(a.position));
          expect(alive).toHaveLength(items.filter(({ expiresAt }) => expiresAt !== PAST).length);
          for (const state of [undefined, ...FEED_STATES]) {
            for (const category of [undefined, 'orders', 'none']) {
              const expected = alive.filter(
                (one) =>
                  MATCHES[state ?? 'all'](one) && (category === undefined || one.category === category),
              );
              expect(await pages(feed, { state, category, limit })).toEqual(expected.map(({ id }) => id));
            }
          }
          expect(await feedCounts(db, feed)).toEqual({
            unseen: alive.filter(MATCHES.unseen).length,
            unread: alive.filter(MATCHES.unread).length,
          });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('count no further than to the limit', async () => {
    const feed = newFeed();
    const items = Array.from({ length: LIMITS.feedCount + 20 }, () => itemOf(feed));
    await addFeedItems(db, items);
    expect(await feedCounts(db, feed)).toEqual({ unseen: LIMITS.feedCount, unread: LIMITS.feedCount });
    await markFeedItems(db, feed, { ids: items.slice(0, 30).map(({ id }) => id) }, 'seen');
    expect(await feedCounts(db, feed)).toEqual({ unseen: 90, unread: LIMITS.feedCount });
  });

  it('lose no item to a page when others come in between', async () => {
    const feed = newFeed();
    const ids = await addAll(db, feed, Array(5).fill({}));
    const [first, second] = [await feedPage(db, feed, { limit: 2 }), await addAll(db, feed, [{}])];
    const rest = await feedPage(db, feed, { limit: 9, beforePosition: first.at(-1)!.position });
    expect([...first, ...rest].map(({ id }) => id)).toEqual([...ids].reverse());
    expect(rest.map(({ id }) => id)).not.toContain(second[0]);
  });
});

describe('feedChanges', () => {
  it('gives what changed after a number, as it is now, and not what has expired', async () => {
    const feed = newFeed();
    const [a, b, c] = await addAll(db, feed, [{}, {}, { expiresAt: PAST }]);
    expect((await feedChanges(db, feed, '1', 10)).map(({ id }) => id)).toEqual([b]);
    await markFeedItems(db, feed, { ids: [a!] }, 'read');
    const changes = await feedChanges(db, feed, '1', 10);
    expect(changes.map(({ id, seq, readAt }) => [id, seq, readAt !== null])).toEqual([
      [b, '2', false],
      [a, '4', true],
    ]);
    expect((await feedChanges(db, feed, '1', 1)).map(({ id }) => id)).toEqual([b]);
    expect(await feedChanges(db, feed, '4', 10)).toEqual([]);
    expect(c).toBeDefined();
  });
});
