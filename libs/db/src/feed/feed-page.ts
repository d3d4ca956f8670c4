import { type FeedState } from '@herald/contracts';
import { type Database } from '../connection/database';
import {
  FEED_ITEM_COLUMNS,
  type FeedItemRow,
  type FeedRef,
  NOT_EXPIRED,
  type StoredState,
} from './feed-item';
import { NO_POSITION, newestItems } from './newest-items';

export interface FeedPageOptions {
  /** Everything that is not archived when missing. */
  state?: FeedState;
  category?: string;
  /** The `position` of the last item of the page before. */
  beforePosition?: string;
  limit: number;
}

const STATES: Record<FeedState | 'all', readonly StoredState[]> = {
  all: ['unseen', 'seen', 'read'],
  unseen: ['unseen'],
  unread: ['unseen', 'seen'],
  read: ['read'],
  archived: ['archived'],
};

/** A page of a feed, what came last first, without what has expired. */
export async function feedPage(
  db: Database,
  { tenantId, recipient }: FeedRef,
  { state, category, beforePosition = NO_POSITION, limit }: FeedPageOptions,
): Promise<FeedItemRow[]> {
  const filter = state ?? 'all';
  const and = category === undefined ? [NOT_EXPIRED] : [NOT_EXPIRED, 'category = $5'];
  const sql = newestItems({ columns: FEED_ITEM_COLUMNS, states: STATES[filter], and });
  const name = `feed-page-${filter}${category === undefined ? '' : '-category'}`;
  return db.prepared<FeedItemRow & Record<string, unknown>>(name, sql, [
    tenantId,
    recipient,
    beforePosition,
    limit,
    ...(category === undefined ? [] : [category]),
  ]);
}
