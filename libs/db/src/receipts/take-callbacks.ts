import { type Database } from '../connection/database';
import { type ReceivedCallback } from './store-callbacks';

/** A stored callback that is the caller's to apply. */
export interface StoredCallback extends ReceivedCallback {
  receivedAt: Date;
  /** How often it was taken, this time counted. */
  tries: number;
}

type Row = Omit<StoredCallback, 'deliveryId' | 'contentType'> & {
  deliveryId: string | null;
  contentType: string | null;
};

/**
 * Takes callbacks that nobody holds any more for `holdMs`: of all tenants alike, of each those that wait longest. Each is
 * given to one caller, however many ask at once. In the order they were received.
 * @param except tenants of whom nothing is taken
 */
export async function takeCallbacks(
  db: Database,
  { limit, holdMs, except }: { limit: number; holdMs: number; except: readonly string[] },
): Promise<StoredCallback[]> {
  const rows = await db.prepared<Row>('take-callbacks', TAKE, [limit, holdMs, except, limit * 4]);
  return rows
    .map((row) => ({
      ...row,
      deliveryId: row.deliveryId ?? undefined,
      contentType: row.contentType ?? undefined,
    }))
    .sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
}

/**
 * `tenant` goes through the index from tenant to tenant, however many rows each has, and knows of each the row that waits
 * longest. More tenants are looked at than there are rows to take, since somebody else may be taking theirs.
 */
const TAKE = `
WITH RECURSIVE tenant AS (
  (SELECT tenant_id, taken_until FROM receipt_inbox WHERE taken_until IS NOT NULL ORDER BY tenant_id, taken_until LIMIT 1)
  UNION ALL
  SELECT next.tenant_id, next.taken_until FROM tenant CROSS JOIN LATERAL (
    SELECT tenant_id, taken_until FROM receipt_inbox
    WHERE taken_until IS NOT NULL AND tenant_id > tenant.tenant_id ORDER BY tenant_id, taken_until LIMIT 1) next
), due AS (
  SELECT tenant_id, ceil($1::numeric / count(*) OVER ())::integer AS share FROM tenant
  WHERE taken_until <= now() AND tenant_id <> ALL($3::uuid[]) ORDER BY taken_until LIMIT $4
)
UPDATE receipt_inbox SET taken_until = now() + $2 * interval '1 millisecond', tries = tries + 1
WHERE id = ANY(ARRAY(
  SELECT theirs.id FROM due CROSS JOIN LATERAL (
    SELECT id FROM receipt_inbox WHERE tenant_id = due.tenant_id AND taken_until <= now()
    ORDER BY taken_until LIMIT due.share FOR UPDATE SKIP LOCKED) theirs
  LIMIT $1))
RETURNING id, tenant_id AS "tenantId", provider_id AS "providerId", delivery_id AS "deliveryId", url,
  content_type AS "contentType", body, received_at AS "receivedAt", tries`;
