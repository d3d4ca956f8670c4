import { type DeliveryState, type Reason } from '@herald/contracts';
import { type Database } from '../connection/database';
import { type IdPage } from '../paging/id-page';

/** One event in the log of its endpoint. */
export interface EndpointDelivery {
  /** The delivery's. */
  id: string;
  eventId: string;
  type: string;
  state: DeliveryState;
  reason: Reason | null;
  /** The last answer's, e.g. `http_503`. */
  code: string | null;
  attempts: number;
  createdAt: Date;
  updatedAt: Date;
  /** Missing unless another attempt is to come. */
  nextAttemptAt: Date | null;
  sentAt: Date | null;
}

/** A page of what an endpoint of a tenant was sent, or is being sent, newest first. */
export async function listEndpointDeliveries(
  db: Database,
  of: { tenantId: string; endpointId: string; state?: DeliveryState },
  { limit, before }: IdPage,
): Promise<EndpointDelivery[]> {
  return db.rows<EndpointDelivery & Record<string, unknown>>(LOG, [
    of.endpointId,
    of.tenantId,
    of.state ?? null,
    before ?? null,
    limit,
  ]);
}

/** The code of the last call stands with the attempt: what becomes of the delivery afterwards may clear its own. */
const LOG = `
SELECT d.id, d.notification_id AS "eventId", n.content -> 'webhook' -> 'payload' ->> 'type' AS type, d.state, d.reason,
  coalesce(d.code, (SELECT a.code FROM attempts a WHERE a.delivery_id = d.id ORDER BY a.claim DESC LIMIT 1)) AS code,
  d.attempts, d.created_at AS "createdAt", d.updated_at AS "updatedAt", d.sent_at AS "sentAt",
  CASE WHEN d.state IN ('queued', 'scheduled') THEN coalesce(d.due_at, d.wake_at) END AS "nextAttemptAt"
FROM (
  SELECT * FROM deliveries
  WHERE endpoint_id = $1 AND tenant_id = $2 AND ($3::text IS NULL OR state = $3) AND ($4::uuid IS NULL OR id < $4)
  ORDER BY id DESC LIMIT $5
) d CROSS JOIN LATERAL (SELECT content FROM notifications WHERE id = d.notification_id AND tenant_id = $2 OFFSET 0) n
ORDER BY d.id DESC`;
