import { type Channel, RECEIPT_RANK, type Reason, type ReceiptState } from '@herald/contracts';
import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { byIds, sameId } from '../deliveries/by-ids';
import { applyReceipts, settledBy } from './apply-receipts';

/** What a provider's callback says of a delivery. */
export interface ReceiptRecord {
  deliveryId: string;
  state: ReceiptState;
  reason?: Reason;
  /** The provider's own code, e.g. `twilio_30003`. */
  code?: string;
  providerMessageId?: string;
}

/** Who tells, and whose deliveries it may tell of. */
export interface ReceiptSource {
  providerId: string;
  tenantId: string;
  channel: Channel;
}

/** `ignored`: it says nothing new, or speaks of a delivery that was never tried. `unknown`: there is no such delivery. */
export type ReceiptResult = 'applied' | 'ignored' | 'unknown';

/** Receipts that one statement takes, so that none holds its rows for long. */
const MAX_PER_STATEMENT = 500;

/**
 * Applies receipts in guarded statements, many in each. Receipts come late, doubled and out of order: only one of a higher
 * rank than what is known changes anything. While a delivery is being sent its receipt is kept and its state left alone; the
 * recording statement lets the receipt win. Where the state may not change any more (a delivery that was given up and
 * canceled, say) the receipt still goes to the timeline.
 *
 * After a replay, what is said of a message of an earlier attempt is old news and is ignored, unless it did arrive.
 * @returns what became of each, in the order given, in which those of one delivery are applied
 */
export async function recordReceipts(
  db: Database,
  { tenantId, channel }: Omit<ReceiptSource, 'providerId'>,
  receipts: readonly ReceiptRecord[],
): Promise<ReceiptResult[]> {
  const results: ReceiptResult[] = Array(receipts.length).fill('unknown');
  for (const batch of inBatches(receipts)) {
    const { low, high } = idBounds(batch.map((row) => row.delivery_id));
    const params = [JSON.stringify(batch), low, high, tenantId, channel];
    const rows = await db.prepared<{ n: number; applied: boolean }>('receipts', APPLY, params);
    for (const { n, applied } of rows) results[n] = applied ? 'applied' : 'ignored';
  }
  return results;
}

type Row = ReturnType<typeof toRow>;

/** By their ids, as everyone locks them. No batch has a delivery twice: what is said later of one is in a later batch. */
function inBatches(receipts: readonly ReceiptRecord[]): Row[][] {
  const rounds: Row[][] = [];
  const told = new Map<string, number>();
  for (const [n, receipt] of receipts.entries()) {
    const row = toRow(receipt, n);
    const round = told.get(row.delivery_id) ?? 0;
    told.set(row.delivery_id, round + 1);
    if (round === rounds.length) rounds.push([]);
    (rounds[round] as Row[]).push(row);
  }
  const batches: Row[][] = [];
  for (const rows of rounds) {
    rows.sort((a, b) => (a.delivery_id < b.delivery_id ? -1 : 1));
    for (let at = 0; at < rows.length; at += MAX_PER_STATEMENT)
      batches.push(rows.slice(at, at + MAX_PER_STATEMENT));
  }
  return batches;
}

function toRow({ deliveryId, state, reason, code, providerMessageId }: ReceiptRecord, n: number) {
  return {
    n,
    delivery_id: deliveryId.toLowerCase(),
    state,
    rank: RECEIPT_RANK[state],
    reason,
    code,
    provider_message_id: providerMessageId,
    settles: settledBy(state),
  };
}

const THEIRS = `${byIds('SELECT delivery_id FROM r')} AND d.id BETWEEN $2::uuid AND $3::uuid
    AND d.tenant_id = $4 AND d.channel = $5`;

const APPLY = `
WITH r AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS r(n integer, delivery_id uuid, state text, rank smallint, reason text,
    code text, provider_message_id text, settles text[])
), told AS MATERIALIZED (
  SELECT a.delivery_id, a.provider_message_id, a.number FROM attempts a
  WHERE a.delivery_id = ANY(ARRAY(SELECT delivery_id FROM r)) AND a.delivery_id BETWEEN $2::uuid AND $3::uuid
), ${applyReceipts({
  says: {
    state: 'r.state',
    rank: 'r.rank',
    reason: 'r.reason',
    code: 'r.code',
    providerMessageId: 'r.provider_message_id',
    settles: 'd.state = ANY(r.settles)',
  },
  from: 'r',
  where: `${THEIRS} AND ${sameId('r.delivery_id')}
    AND (r.state = 'delivered' OR d.attempts_before_replay = 0 OR NOT EXISTS (
      SELECT FROM told WHERE told.delivery_id = d.id AND told.provider_message_id = r.provider_message_id
        AND told.number <= d.attempts_before_replay
    ))`,
})}, known AS (
  SELECT d.id FROM deliveries d WHERE ${THEIRS}
)
SELECT r.n, r.delivery_id IN (SELECT id FROM applied) AS applied FROM r JOIN known ON known.id = r.delivery_id`;
