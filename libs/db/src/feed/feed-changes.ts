import { type Database } from '../connection/database';
import { FEED_ITEM_COLUMNS, type FeedItemRow, type FeedRef, NOT_EXPIRED } from './feed-item';

/**
 * The items of a feed that changed after `afterSeq`, each as it is now, in the order of their changes; expired ones are left
 * out, so the last one's `seq` can stay below the feed's head. Whoever reads the head first and gets less than `limit` has
 * everything up to that head.
 */
export async function feedChanges(
  db: Database,
  { tenantId, recipient }: FeedRef,
  afterSeq: string,
  limit: number,
): Promise<FeedItemRow[]> {
  return db.prepared<FeedItemRow & Record<string, unknown>>('feed-changes', CHANGES, [
    tenantId,
    recipient,
    afterSeq,
    limit,
  ]);
}

const CHANGES = `
SELECT ${FEED_ITEM_COLUMNS} FROM feed_items
WHERE tenant_id = $1 AND recipient = $2 AND seq > $3::bigint AND ${NOT_EXPIRED}
ORDER BY seq LIMIT $4`;
