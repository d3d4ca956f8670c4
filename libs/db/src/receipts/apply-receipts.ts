import { type DeliveryState, type ReceiptState, statesLeadingTo } from '@herald/contracts';
import { announce } from '../webhook-events/announce';

/** What receipts say, as SQL expressions over `d`, the delivery. */
export interface ReceiptSql {
  state: string;
  /** A smallint. */
  rank: string;
  reason: string;
  code: string;
  providerMessageId: string;
  /** Whether the delivery is in a state that such a receipt changes at once; see `settledBy`. */
  settles: string;
}

export interface ApplyReceipts {
  says: ReceiptSql;
  /** A relation that `says` reads, if it does. */
  from?: string;
  /** Which deliveries. */
  where: string;
}

/** The states that a receipt changes at once. */
export function settledBy(state: ReceiptState): DeliveryState[] {
  return statesLeadingTo(state).filter((from) => from !== 'sending');
}

/**
 * The part of a statement that applies receipts: the CTEs `applied` (the deliveries of which one said something new) and
 * what follows from them in dead letters, timelines and the outbox.
 */
export function applyReceipts({ says, from, where }: ApplyReceipts): string {
  const { state, rank, reason, code, providerMessageId, settles } = says;
  return `applied AS (
  UPDATE deliveries d SET
    receipt = ${state}, receipt_rank = ${rank}, receipt_reason = ${reason},
    provider_message_id = coalesce(d.provider_message_id, ${providerMessageId}),
    state = CASE WHEN ${settles} THEN ${state} ELSE d.state END,
    reason = CASE WHEN ${settles} THEN ${reason} ELSE d.reason END,
    code = CASE WHEN ${settles} THEN ${code} ELSE d.code END,
    due_at = CASE WHEN ${settles} THEN NULL ELSE d.due_at END,
    wake_at = CASE WHEN ${settles} THEN NULL ELSE d.wake_at END,
    sent_at = CASE WHEN ${settles} THEN coalesce(d.sent_at, now()) ELSE d.sent_at END,
    delivered_at = CASE WHEN ${settles} AND ${state} = 'delivered' THEN now() ELSE d.delivered_at END,
    updated_at = CASE WHEN ${settles} THEN now() ELSE d.updated_at END
  ${from === undefined ? '' : `FROM ${from}`}
  WHERE ${where} AND d.receipt_rank < ${rank} AND d.attempts > 0
  RETURNING d.id, d.tenant_id, d.state, d.notification_id, d.live, d.recipient, d.channel, d.reason, d.code, d.provider,
    d.endpoint_id, d.updated_at = now() AS settled, ${state} AS said, ${reason} AS said_reason, ${code} AS said_code
), unburied AS (
  DELETE FROM dead_letters WHERE delivery_id IN (SELECT id FROM applied WHERE state <> 'dead')
), logged AS (
  INSERT INTO events (delivery_id, id, tenant_id, type, reason, detail)
  SELECT id, gen_random_uuid(), tenant_id, said, said_reason, said_code FROM applied
), announced AS (${announce({ of: 'applied', where: 'w.settled' })}
)`;
}
