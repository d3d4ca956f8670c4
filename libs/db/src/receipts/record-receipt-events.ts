import { ANNOUNCED_RECEIPTS, type Channel, type ReceiptEvent } from '@herald/contracts';
import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { announce } from '../webhook-events/announce';
import { type ReceiptResult } from './apply-receipt';
import { receiptEventId } from './receipt-event-id';

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

/** Who tells, and whose deliveries it may tell of. */
export interface ReceiptSource {
  providerId: string;
  tenantId: string;
  channel: Channel;
}

/** A delivery's timeline takes no more; a mail client that opens a mail again and again must not fill the table. */
const MAX_EVENTS = 200;

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
    MAX_EVENTS,
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

const TOLD_OF = `w.type IN (${ANNOUNCED_RECEIPTS.map((event) => `'${event}'`).join(', ')})`;

const RECORD = `
WITH e AS (
  SELECT * FROM json_to_recordset($1::json) AS e(n integer, delivery_id uuid, id uuid, type text, detail text,
    at timestamptz)
), known AS (
  SELECT e.*, d.tenant_id, d.created_at, d.notification_id, d.live, d.recipient, d.channel, d.state, d.provider,
    d.endpoint_id, d.attempts > 0 AND (
    SELECT count(*) FROM (SELECT FROM events v WHERE v.delivery_id = d.id LIMIT $6::integer) told) < $6::integer AS wanted
  FROM e JOIN deliveries d ON d.id = e.delivery_id AND d.id BETWEEN $2::uuid AND $3::uuid
  WHERE d.tenant_id = $4 AND d.channel = $5
), logged AS (
  INSERT INTO events (delivery_id, id, tenant_id, type, detail, at)
  SELECT delivery_id, id, tenant_id, type, detail, least(greatest(coalesce(at, now()), created_at), now()) FROM known WHERE wanted
  ORDER BY delivery_id, id
  ON CONFLICT DO NOTHING
  RETURNING delivery_id, id, type, detail
), told AS (
  SELECT DISTINCT ON (l.delivery_id, l.id) l.delivery_id AS id, k.notification_id, k.tenant_id, k.live, k.recipient,
    k.channel, k.state, NULL AS reason, l.detail AS code, k.provider, k.endpoint_id, l.type
  FROM logged l JOIN known k ON k.delivery_id = l.delivery_id AND k.id = l.id
), announced AS (${announce({ of: 'told', type: "'delivery.' || w.type", where: TOLD_OF })}
)
SELECT k.n, l.id IS NOT NULL AS fresh
FROM known k LEFT JOIN logged l ON l.delivery_id = k.delivery_id AND l.id = k.id`;
