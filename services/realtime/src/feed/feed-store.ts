import { type FeedCountsDto, type FeedMark, type FeedState } from '@herald/contracts';
import {
  confirmFeedItems,
  type Database,
  type FeedItemRow,
  type FeedRef,
  feedChanges,
  feedCounts,
  feedHeads,
  feedPage,
  markFeedItems,
} from '@herald/db';

export interface FeedPageFilter {
  state?: FeedState;
  category?: string;
  /** The `position` of the last item of the page before. */
  beforePosition?: string;
  limit: number;
}

export type WhichItems = { ids: string[] } | { all: true; category?: string; upTo?: number };

/**
 * The feeds in Postgres, with sequence numbers as numbers: a feed would have to change a million times a second for
 * three centuries to leave what a double holds exactly.
 */
export interface FeedStore {
  page(feed: FeedRef, filter: FeedPageFilter): Promise<FeedItemRow[]>;
  /** What changed after a sequence number, in the order of the changes; expired items are left out. */
  changes(feed: FeedRef, after: number, limit: number): Promise<FeedItemRow[]>;
  /** The number of the last change of each, 0 where there was none. */
  heads(feeds: readonly FeedRef[]): Promise<number[]>;
  counts(feed: FeedRef): Promise<FeedCountsDto>;
  mark(feed: FeedRef, which: WhichItems, as: FeedMark): Promise<{ changed: number; head?: number }>;
  /** Records that these arrived. */
  confirm(feed: FeedRef, ids: readonly string[]): Promise<void>;
}

export function feedStore(db: Database): FeedStore {
  return {
    page: (feed, filter) => feedPage(db, feed, filter),
    changes: (feed, after, limit) => feedChanges(db, feed, String(after), limit),
    heads: async (feeds) => (await feedHeads(db, feeds)).map(({ seq }) => Number(seq)),
    counts: (feed) => feedCounts(db, feed),
    mark: async (feed, which, as) => {
      const items =
        'ids' in which
          ? which
          : { ...which, upTo: which.upTo === undefined ? undefined : String(which.upTo) };
      const { changed, seq } = await markFeedItems(db, feed, items, as);
      return { changed: changed.length, head: changed.length > 0 ? Number(seq) : undefined };
    },
    confirm: async (feed, ids) => {
      await confirmFeedItems(db, feed, ids);
    },
  };
}
