import { LIMITS } from '@herald/contracts';
import { type Database } from '../connection/database';
import { type FeedRef, NOT_EXPIRED, type StoredState } from './feed-item';

/** Counted up to `LIMITS.feedCount`, which means that many or more. Archived and expired items are not counted. */
export interface FeedCounts {
  unseen: number;
  unread: number;
}

/** What is unseen and what is unread in a feed. */
export async function feedCounts(db: Database, { tenantId, recipient }: FeedRef): Promise<FeedCounts> {
  const rows = await db.prepared<FeedCounts & Record<string, unknown>>('feed-counts', COUNTS, [
    tenantId,
    recipient,
  ]);
  return rows[0]!;
}

const inState = (state: StoredState) =>
  `SELECT FROM feed_items WHERE tenant_id = $1 AND recipient = $2 AND state = '${state}' AND ${NOT_EXPIRED}`;

const COUNTS = `
SELECT
  (SELECT count(*)::integer FROM (${inState('unseen')} LIMIT ${LIMITS.feedCount}) unseen) AS unseen,
  (SELECT count(*)::integer FROM (
    ${inState('unseen')} UNION ALL ${inState('seen')} LIMIT ${LIMITS.feedCount}) unread) AS unread`;
