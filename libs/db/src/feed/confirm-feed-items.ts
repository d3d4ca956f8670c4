import { RECEIPT_RANK } from '@herald/contracts';
import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { byIds } from '../deliveries/by-ids';
import { applyReceipts, settledBy } from '../receipts/apply-receipts';
import { type FeedRef } from './feed-item';

/**
 * Notes that items arrived where their recipient can see them; gives how many were not known to have. Their deliveries are
 * delivered then, by the rules of receipts: also one whose worker has not recorded yet that it added the item. An item can
 * outlive its delivery.
 */
export async function confirmFeedItems(
  db: Database,
  { tenantId, recipient }: FeedRef,
  ids: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0;
  const wanted = ids.map((id) => id.toLowerCase());
  const { low, high } = idBounds(wanted);
  const [row] = await db.prepared<{ confirmed: number }>('feed-confirm', CONFIRM, [
    tenantId,
    recipient,
    wanted,
    low,
    high,
  ]);
  return row!.confirmed;
}

const SETTLED = settledBy('delivered').map((state) => `'${state}'`);

/** Items before deliveries and both by their ids, in the order in which everyone else locks them. */
const CONFIRM = `
WITH fresh AS MATERIALIZED (
  SELECT id FROM feed_items
  WHERE id = ANY($3::uuid[]) AND tenant_id = $1 AND recipient = $2 AND delivered_at IS NULL
  ORDER BY id FOR UPDATE
), noted AS (
  UPDATE feed_items i SET delivered_at = now() FROM fresh f WHERE i.id = f.id
), ${applyReceipts({
  says: {
    state: "'delivered'",
    rank: `${RECEIPT_RANK.delivered}::smallint`,
    reason: 'NULL::text',
    code: 'NULL::text',
    providerMessageId: 'NULL',
    settles: `d.state IN (${SETTLED.join(', ')})`,
  },
  where: `${byIds('SELECT id FROM fresh')} AND d.id BETWEEN $4::uuid AND $5::uuid AND d.tenant_id = $1
    AND d.channel = 'inapp'`,
})}
SELECT count(*)::integer AS confirmed FROM fresh`;
