import { type Channel, RECEIPT_RANK, type Reason, type ReceiptState } from '@herald/contracts';
import { type Database } from '../connection/database';
import { applyReceipts, settledBy } from './apply-receipts';

/** What a provider's callback says of a delivery, and whose delivery it must be. */
export interface ReceiptRecord {
  deliveryId: string;
  tenantId: string;
  channel: Channel;
  state: ReceiptState;
  reason?: Reason;
  /** The provider's own code, e.g. `twilio_30003`. */
  code?: string;
  providerMessageId?: string;
}

/** `ignored`: it says nothing new, or speaks of a delivery that was never tried. `unknown`: there is no such delivery. */
export type ReceiptResult = 'applied' | 'ignored' | 'unknown';

/**
 * Applies a receipt in one guarded statement. Receipts come late, doubled and out of order: only one of a higher rank
 * than what is known changes anything. While a delivery is being sent its receipt is kept and its state left alone; the
 * recording statement lets the receipt win. Where the state may not change any more (a delivery that was given up and
 * canceled, say) the receipt still goes to the timeline.
 *
 * After a replay, what is said of a message of an earlier attempt is old news and is ignored, unless it did arrive.
 */
export async function applyReceipt(db: Database, receipt: ReceiptRecord): Promise<ReceiptResult> {
  const [row] = await db.prepared<{ found: boolean; applied: boolean }>('receipt', APPLY, [
    receipt.deliveryId,
    receipt.tenantId,
    receipt.channel,
    receipt.state,
    RECEIPT_RANK[receipt.state],
    receipt.reason ?? null,
    receipt.code ?? null,
    receipt.providerMessageId ?? null,
    settledBy(receipt.state),
  ]);
  if (!row?.found) return 'unknown';
  return row.applied ? 'applied' : 'ignored';
}

const APPLY = `
WITH ${applyReceipts({
  says: {
    state: '$4',
    rank: '$5::smallint',
    reason: '$6',
    code: '$7',
    providerMessageId: '$8',
    settles: 'd.state = ANY($9::text[])',
  },
  where: `d.id = $1 AND d.tenant_id = $2 AND d.channel = $3
    AND ($4 = 'delivered' OR d.attempts_before_replay = 0 OR NOT EXISTS (
      SELECT 1 FROM attempts a
      WHERE a.delivery_id = $1 AND a.provider_message_id = $8 AND a.number <= d.attempts_before_replay
    ))`,
})}
SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = $1 AND tenant_id = $2 AND channel = $3) AS found,
  EXISTS (SELECT 1 FROM applied) AS applied`;
