import { newId } from '@herald/domain';
import { type Database } from '../../connection/database';
import { newOwner } from '../../reading/testing/notifications';
import { addFeedItems, type NewFeedItem } from '../add-feed-items';
import { feedChanges } from '../feed-changes';
import { type FeedRef } from '../feed-item';

export function newFeed(recipient = 'user_42'): FeedRef {
  return { tenantId: newOwner().tenantId, recipient };
}

/** An item that no delivery belongs to any more, unless its id is given. */
export function itemOf(feed: FeedRef, over: Partial<NewFeedItem> = {}): NewFeedItem {
  return { ...feed, id: newId(Date.now()), notificationId: newId(Date.now()), title: 'Hello', ...over };
}

/** Adds items one after the other; gives their ids in the order of the feed. */
export async function addAll(
  db: Database,
  feed: FeedRef,
  items: readonly Partial<NewFeedItem>[],
): Promise<string[]> {
  const rows = items.map((over) => itemOf(feed, over));
  for (const row of rows) await addFeedItems(db, [row]);
  return rows.map(({ id }) => id);
}

/** All items of a feed, in the order of their changes. */
export const allChanges = (db: Database, feed: FeedRef) => feedChanges(db, feed, '0', 10_000);

/** Counts statements that Postgres ends because they wait for each other; `Database` tries those again and tells nobody. */
export function watchDeadlocks(db: Database): { readonly count: number } {
  const { pool } = db as unknown as { pool: { query(...args: unknown[]): Promise<unknown> } };
  const seen = { count: 0 };
  const query = pool.query.bind(pool);
  jest.spyOn(pool, 'query').mockImplementation(async (...args) => {
    try {
      return await query(...args);
    } catch (error) {
      if ((error as { code?: string }).code === '40P01') seen.count += 1;
      throw error;
    }
  });
  return seen;
}
