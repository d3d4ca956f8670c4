import { highestId, lowestId } from '@herald/domain';
import { type Database } from '../connection/database';
import { type TimeSlice } from './time-slices';

export interface TenantFigures {
  tenantId: string;
  deliveries: number;
  /** Of those, how many came to a bad end: `failed`, `dead` or `undelivered`. */
  failures: number;
}

/**
 * The `limit` tenants with the most deliveries among those accepted in a slice of time, and the `limit` with the most
 * failures; with live keys. Reads each delivery of the slice by its id: for every so often, never for a request.
 */
export function topTenants(db: Database, { from, to }: TimeSlice, limit: number): Promise<TenantFigures[]> {
  return db.prepared<TenantFigures>('top-tenants', TOP, [lowestId(from), highestId(to), limit]);
}

const TOP = `
WITH figures AS (
  SELECT tenant_id AS "tenantId", count(*)::integer AS deliveries,
    (count(*) FILTER (WHERE state IN ('failed', 'dead', 'undelivered')))::integer AS failures
  FROM deliveries WHERE id BETWEEN $1::uuid AND $2::uuid AND live GROUP BY tenant_id
)
(SELECT * FROM figures ORDER BY deliveries DESC, "tenantId" LIMIT $3::integer)
UNION
(SELECT * FROM figures WHERE failures > 0 ORDER BY failures DESC, "tenantId" LIMIT $3::integer)
ORDER BY deliveries DESC, "tenantId"`;
