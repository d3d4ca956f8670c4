import { type EndpointDisabledReason } from '@herald/contracts';
import { type EndpointHealth } from '@herald/domain';
import { type Database } from '../connection/database';

/** An endpoint that did not answer well the last time. */
export interface TroubledEndpoint extends EndpointHealth {
  id: string;
  tenantId: string;
}

/** The enabled endpoints that fail or are gone. There are a few of each tenant at most, so all are looked at. */
export async function findTroubledEndpoints(db: Database): Promise<TroubledEndpoint[]> {
  return db.rows<TroubledEndpoint & Record<string, unknown>>(
    `SELECT e.id, e.tenant_id AS "tenantId", s.reason IS NOT NULL AS gone, e.failing_since AS "failingSince",
       e.failed_at AS "failedAt"
     FROM webhook_endpoints e LEFT JOIN suppressions s ON s.tenant_id = e.tenant_id AND s.live AND s.channel = 'webhook'
       AND s.address_key = e.url_key AND s.reason = 'endpoint_gone'
     WHERE e.enabled AND (e.failing_since IS NOT NULL OR s.reason IS NOT NULL)
     ORDER BY e.id`,
  );
}

/**
 * Disables an endpoint and tells the tenant's others of the same mode, in one statement; false when somebody else has
 * disabled it, or when it has answered since it was looked at.
 */
export async function disableEndpoint(
  db: Database,
  { id, gone, failingSince }: TroubledEndpoint,
  reason: Exclude<EndpointDisabledReason, 'manual'>,
): Promise<boolean> {
  const rows = await db.rows(DISABLE, [id, reason, gone, failingSince]);
  return rows.length > 0;
}

const DISABLE = `
WITH disabled AS (
  UPDATE webhook_endpoints SET enabled = false, disabled_reason = $2, updated_at = now()
  WHERE id = $1 AND enabled AND ($3::boolean OR date_trunc('milliseconds', failing_since) = $4::timestamptz)
  RETURNING id, tenant_id, live, disabled_reason, failing_since
), announced AS (
  INSERT INTO webhook_events (id, tenant_id, endpoint_id, type, data)
  SELECT herald_new_id(), e.tenant_id, e.id, 'endpoint.disabled', jsonb_strip_nulls(jsonb_build_object(
    'endpointId', d.id, 'reason', d.disabled_reason,
    'failingSince', to_char(d.failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
  FROM disabled d JOIN webhook_endpoints e ON e.tenant_id = d.tenant_id AND e.live = d.live AND e.enabled AND e.id <> d.id
    AND (e.events IS NULL OR 'endpoint.disabled' = ANY(e.events))
)
SELECT id FROM disabled`;
