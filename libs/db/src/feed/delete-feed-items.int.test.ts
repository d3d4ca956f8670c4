import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { addFeedItems } from './add-feed-items';
import { deleteExpiredFeedItems, deleteOldFeedItems } from './delete-feed-items';
import { feedHeads } from './feed-heads';
import { allChanges, itemOf, newFeed } from './testing/feeds';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(() => db.rows('TRUNCATE feed_items'));
afterAll(() => db.close());

const DAY_MS = 86_400_000;
const ids = async () =>
  (await db.rows<{ id: string }>('SELECT id FROM feed_items ORDER BY id')).map(({ id }) => id);
const time = (ms: number) => new Date(Date.now() + ms).toISOString();

it('deletes what has expired, in steps, and a feed goes on counting where it was', async () => {
  const feed = newFeed();
  const items = [-5000, -1000, -3000, 60_000].map((ms) => itemOf(feed, { expiresAt: time(ms) }));
  await addFeedItems(db, [...items, itemOf(feed)]);
  expect(await deleteExpiredFeedItems(db, 2)).toBe(2);
  expect(await ids()).toContain(items[1]!.id);
  expect(await deleteExpiredFeedItems(db, 2)).toBe(1);
  expect(await deleteExpiredFeedItems(db, 2)).toBe(0);
  expect(await allChanges(db, feed)).toHaveLength(2);
  expect((await addFeedItems(db, [itemOf(feed)]))[0]).toEqual({ ...feed, seq: '6' });
  expect(await feedHeads(db, [feed])).toEqual([{ ...feed, seq: '6' }]);
});

it('deletes what is old in steps by ids, but not what only its id says is old', async () => {
  const feed = newFeed();
  const aged = (days: number) => itemOf(feed, { id: newId(Date.now() - days * DAY_MS) });
  const [old, older, young, scheduled] = [aged(181), aged(300), aged(179), aged(200)];
  await addFeedItems(db, [old!, older!, young!, scheduled!]);
  await db.rows("UPDATE feed_items SET created_at = now() - interval '181 days' WHERE id = ANY($1)", [
    [old!.id, older!.id],
  ]);
  const first = await deleteOldFeedItems(db, { retentionDays: 180, limit: 2 });
  expect(first).toEqual({ deleted: 1, last: scheduled!.id });
  const second = await deleteOldFeedItems(db, { retentionDays: 180, limit: 2, after: first.last });
  expect(second).toEqual({ deleted: 1, last: old!.id });
  expect(await deleteOldFeedItems(db, { retentionDays: 180, limit: 2, after: second.last })).toEqual({
    deleted: 0,
  });
  expect(await ids()).toEqual([scheduled!.id, young!.id]);
});
