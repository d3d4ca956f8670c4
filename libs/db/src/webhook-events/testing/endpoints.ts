import { newId } from '@herald/domain';
import { type Database } from '../../connection/database';
import { type WebhookEndpoint } from '../../entities';
import { type Owner } from '../../reading/owner';
import {
  createWebhookEndpoint,
  type NewWebhookEndpoint,
} from '../../webhook-endpoints/webhook-endpoint-store';

/** Registers an endpoint for all events of an owner, unless something else is given. */
export async function newEndpoint(
  db: Database,
  owner: Owner,
  over: Partial<NewWebhookEndpoint> = {},
): Promise<WebhookEndpoint> {
  const id = newId(Date.now());
  const url = `https://example.com/hooks/${id}`;
  const endpoint = await createWebhookEndpoint(db, { ...owner, id, url, events: null, ...over }, 20);
  if (!endpoint) throw new Error('The tenant has too many endpoints');
  return endpoint;
}

export interface OutboxRow {
  id: string;
  type: string;
  endpointId: string;
  notificationId: string | null;
  data: Record<string, unknown>;
}

/** What waits in the outbox for a tenant's endpoints, in the order in which it happened. */
export function outboxOf(db: Database, tenantId: string): Promise<OutboxRow[]> {
  return db.rows<OutboxRow & Record<string, unknown>>(
    `SELECT id, type, endpoint_id AS "endpointId", notification_id AS "notificationId", data FROM webhook_events
     WHERE tenant_id = $1 ORDER BY created_at, id`,
    [tenantId],
  );
}
