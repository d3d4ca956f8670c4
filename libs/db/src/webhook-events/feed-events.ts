import { type Database } from '../connection/database';
import { type DueDelivery } from '../scheduling/ring-due';

/** An event that left the outbox. */
export interface FedEvent {
  type: string;
  /** Missing when its endpoint was disabled or deleted meanwhile: then there is nothing to send. */
  delivery?: DueDelivery;
}

interface FedRow {
  type: string;
  id: string | null;
  tenantId: string;
}

/**
 * Turns the oldest events of the outbox into webhooks, up to `limit`: ordinary notifications with one delivery each, due
 * now. Taking them out and putting them in is one statement, so an event is a webhook exactly once, whatever ends in
 * between; ringing is the caller's, and the relay's if the caller ends. Schedulers that come together take different ones.
 *
 * The notification has the event's id and the delivery one of the same millisecond, like all others. They are live, since
 * they go to a real endpoint, also when they tell of test notifications.
 *
 * A notification is looked for with its tenant, although its id would do: the plan is kept, and in a partition that was
 * empty when it was made both indexes looked alike. Without the tenant one of them would be read from end to end.
 */
export async function feedEvents(db: Database, limit: number): Promise<FedEvent[]> {
  const rows = await db.prepared<FedRow & Record<string, unknown>>('feed-events', FEED, [limit]);
  return rows.map(({ type, id, tenantId }) => ({
    type,
    ...(id !== null && { delivery: { id, tenantId, channel: 'webhook', lane: 'default' } }),
  }));
}

const FEED = `
WITH picked AS (
  SELECT id FROM webhook_events ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
), taken AS (
  DELETE FROM webhook_events v USING picked WHERE v.id = picked.id
  RETURNING v.id, v.tenant_id, v.endpoint_id, v.type, v.notification_id, v.data, v.created_at
), fed AS MATERIALIZED (
  SELECT t.id, t.tenant_id, e.id AS endpoint_id, e.url, e.url_key, herald_id_beside(t.id) AS delivery_id,
    json_build_object('webhook', json_build_object('payload', json_build_object(
      'id', t.id, 'type', t.type,
      'createdAt', to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'data', t.data || coalesce(
        (SELECT jsonb_build_object('metadata', n.metadata) FROM notifications n
         WHERE n.id = t.notification_id AND n.tenant_id = t.tenant_id AND n.metadata IS NOT NULL), '{}')))) AS content
  FROM taken t JOIN webhook_endpoints e ON e.id = t.endpoint_id AND e.enabled
), noted AS (
  INSERT INTO notifications (id, tenant_id, api_key_id, live, lane, policy, content, endpoint_id)
  SELECT id, tenant_id, endpoint_id, true, 'default', 'at_least_once', content, endpoint_id FROM fed
), planned AS (
  INSERT INTO deliveries (id, notification_id, tenant_id, recipient, channel, lane, live, policy, address, address_key,
    state, first_due_at, due_at, endpoint_id)
  SELECT delivery_id, id, tenant_id, 0, 'webhook', 'default', true, 'at_least_once', url, url_key, 'queued', now(), now(),
    endpoint_id
  FROM fed
  RETURNING id, notification_id
)
SELECT t.type, p.id, t.tenant_id AS "tenantId" FROM taken t LEFT JOIN planned p ON p.notification_id = t.id ORDER BY t.id`;

/** What waits in the outbox: how many, counted up to 10,000, and since when the oldest. */
export async function outboxFigures(db: Database): Promise<{ depth: number; oldestAgeMs: number }> {
  const [row] = await db.rows<{ depth: number; oldestAgeMs: number }>(
    `SELECT (SELECT count(*)::integer FROM (SELECT FROM webhook_events LIMIT 10000) waiting) AS depth,
       coalesce((SELECT extract(epoch FROM now() - created_at) * 1000 FROM webhook_events ORDER BY id LIMIT 1), 0)::float8
         AS "oldestAgeMs"`,
  );
  return row as { depth: number; oldestAgeMs: number };
}
