import {
  type Channel,
  type DeliveryState,
  RECEIPT_RANK,
  type Reason,
  type ReceiptState,
  statesLeadingTo,
} from '@herald/contracts';
import { type Database } from '../connection/database';
import { announce } from '../webhook-events/announce';

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

/** The states that a receipt changes at once. */
function settledBy(state: ReceiptState): DeliveryState[] {
  return statesLeadingTo(state).filter((from) => from !== 'sending');
}

const SETTLES = 'd.state = ANY($9::text[])';

const APPLY = `
WITH applied AS (
  UPDATE deliveries d SET
    receipt = $4, receipt_rank = $5, receipt_reason = $6,
    provider_message_id = coalesce(d.provider_message_id, $8),
    state = CASE WHEN ${SETTLES} THEN $4 ELSE d.state END,
    reason = CASE WHEN ${SETTLES} THEN $6 ELSE d.reason END,
    code = CASE WHEN ${SETTLES} THEN $7 ELSE d.code END,
    due_at = CASE WHEN ${SETTLES} THEN NULL ELSE d.due_at END,
    wake_at = CASE WHEN ${SETTLES} THEN NULL ELSE d.wake_at END,
    sent_at = CASE WHEN ${SETTLES} THEN coalesce(d.sent_at, now()) ELSE d.sent_at END,
    delivered_at = CASE WHEN ${SETTLES} AND $4 = 'delivered' THEN now() ELSE d.delivered_at END,
    updated_at = CASE WHEN ${SETTLES} THEN now() ELSE d.updated_at END
  WHERE d.id = $1 AND d.tenant_id = $2 AND d.channel = $3 AND d.receipt_rank < $5::smallint AND d.attempts > 0
    AND ($4 = 'delivered' OR d.attempts_before_replay = 0 OR NOT EXISTS (
      SELECT 1 FROM attempts a
      WHERE a.delivery_id = $1 AND a.provider_message_id = $8 AND a.number <= d.attempts_before_replay
    ))
  RETURNING d.id, d.tenant_id, d.state, d.notification_id, d.live, d.recipient, d.channel, d.reason, d.code, d.provider,
    d.endpoint_id, d.updated_at = now() AS settled
), unburied AS (
  DELETE FROM dead_letters WHERE delivery_id IN (SELECT id FROM applied WHERE state <> 'dead')
), logged AS (
  INSERT INTO events (delivery_id, id, tenant_id, type, reason, detail)
  SELECT id, gen_random_uuid(), tenant_id, $4, $6, $7 FROM applied
), announced AS (${announce({ of: 'applied', where: 'w.settled' })}
)
SELECT EXISTS (SELECT 1 FROM deliveries WHERE id = $1 AND tenant_id = $2 AND channel = $3) AS found,
  EXISTS (SELECT 1 FROM applied) AS applied`;
