import { type ReceiptEvent } from '@herald/contracts';
import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { logEvents } from './log-events';
import { receiptEventId } from './receipt-event-id';
import { type ReceiptResult, type ReceiptSource } from './record-receipts';

/** Something that a provider tells of a delivery beside its state. */
export interface ReceiptEventRecord {
  deliveryId: string;
  event: ReceiptEvent;
  /** The provider's own id of the event. */
  eventId: string;
  code?: string;
  /** When it happened, by the provider; not before the delivery and not after now is what is believed. */
  at?: Date;
}

/**
 * Puts events on the timelines of their deliveries, in one statement; one that was told before counts once. Ignored where
 * nothing was sent yet or a timeline is full.
 * @returns what became of each, in the order given
 */
export async function recordReceiptEvents(
  db: Database,
  { providerId, tenantId, channel }: ReceiptSource,
  events: readonly ReceiptEventRecord[],
): Promise<ReceiptResult[]> {
  if (events.length === 0) return [];
  const { low, high } = idBounds(events.map((event) => event.deliveryId.toLowerCase()));
  const ids = events.map((event) => receiptEventId(providerId, event.eventId));
  const rows = await db.prepared<{ n: number; fresh: boolean }>('receipt-events', RECORD, [
    JSON.stringify(
      events.map(({ deliveryId, event, code, at }, n) => ({
        n,
        delivery_id: deliveryId,
        id: ids[n],
        type: event,
        detail: code,
        at,
      })),
    ),
    low,
    high,
    tenantId,
    channel,
  ]);
  const freshness = new Map(rows.map((row) => [row.n, row.fresh]));
  const seen = new Set<string>();
  return events.map(({ deliveryId }, n) => {
    const fresh = freshness.get(n);
    if (fresh === undefined) return 'unknown';
    const key = `${deliveryId.toLowerCase()} ${ids[n]}`;
    const doubled = seen.has(key);
    seen.add(key);
    return fresh && !doubled ? 'applied' : 'ignored';
  });
}

const RECORD = `
WITH e AS (
  SELECT * FROM json_to_recordset($1::json) AS e(n integer, delivery_id uuid, id uuid, type text, detail text,
    at timestamptz)
), ${logEvents('d.id BETWEEN $2::uuid AND $3::uuid AND d.tenant_id = $4 AND d.channel = $5')}
SELECT k.n, l.id IS NOT NULL AS fresh
FROM known k LEFT JOIN logged l ON l.delivery_id = k.delivery_id AND l.id = k.id`;
