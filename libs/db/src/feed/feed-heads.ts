import { type Database } from '../connection/database';
import { type FeedHead, type FeedRef } from './feed-item';

/** How far feeds have come, in the order given. */
export async function feedHeads(db: Database, feeds: readonly FeedRef[]): Promise<FeedHead[]> {
  if (feeds.length === 0) return [];
  return db.prepared<FeedHead & Record<string, unknown>>('feed-heads', HEADS, [
    feeds.map(({ tenantId }) => tenantId),
    feeds.map(({ recipient }) => recipient),
  ]);
}

const HEADS = `
SELECT w.tenant_id AS "tenantId", w.recipient, coalesce(f.last_seq, 0) AS seq
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS w(tenant_id, recipient, n)
LEFT JOIN feeds f ON f.tenant_id = w.tenant_id AND f.recipient = w.recipient
ORDER BY w.n`;
