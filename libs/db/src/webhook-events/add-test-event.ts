import { TEST_EVENT_TYPE } from '@herald/contracts';
import { type Database } from '../connection/database';

/** Puts a test event for an endpoint of a tenant into the outbox; gives its id, undefined unless there is one enabled. */
export async function addTestEvent(
  db: Database,
  { tenantId, endpointId }: { tenantId: string; endpointId: string },
): Promise<string | undefined> {
  const [row] = await db.rows<{ id: string }>(
    `INSERT INTO webhook_events (id, tenant_id, endpoint_id, type, data)
     SELECT herald_new_id(), tenant_id, id, $3, jsonb_build_object('endpointId', id) FROM webhook_endpoints
     WHERE id = $2 AND tenant_id = $1 AND enabled
     RETURNING id`,
    [tenantId, endpointId, TEST_EVENT_TYPE],
  );
  return row?.id;
}
