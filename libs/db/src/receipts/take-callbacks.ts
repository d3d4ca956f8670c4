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
 * Takes callbacks that nobody holds any more, those that wait longest first, for `holdMs`. Each is given to one caller,
 * however many ask at once. In the order they were received.
 */
export async function takeCallbacks(
  db: Database,
  { limit, holdMs }: { limit: number; holdMs: number },
): Promise<StoredCallback[]> {
  const rows = await db.prepared<Row>('take-callbacks', TAKE, [limit, holdMs]);
  return rows
    .map((row) => ({
      ...row,
      deliveryId: row.deliveryId ?? undefined,
      contentType: row.contentType ?? undefined,
    }))
    .sort((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime());
}

const TAKE = `
UPDATE receipt_inbox SET taken_until = now() + $2 * interval '1 millisecond', tries = tries + 1
WHERE id = ANY(ARRAY(
  SELECT id FROM receipt_inbox WHERE taken_until <= now() ORDER BY taken_until LIMIT $1 FOR UPDATE SKIP LOCKED))
RETURNING id, tenant_id AS "tenantId", provider_id AS "providerId", delivery_id AS "deliveryId", url,
  content_type AS "contentType", body, received_at AS "receivedAt", tries`;
