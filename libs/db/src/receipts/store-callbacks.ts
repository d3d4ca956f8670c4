import { type Database } from '../connection/database';

/** What a provider posted, rightly signed, as it came. */
export interface ReceivedCallback {
  /** UUIDv7. */
  id: string;
  tenantId: string;
  providerId: string;
  /** The delivery that the URL named; missing where the callback names its deliveries itself. */
  deliveryId?: string;
  /** The public URL that was called, with its query. */
  url: string;
  contentType?: string;
  body: Buffer;
}

/** How a callback is stored. */
export interface CallbackToStore {
  callback: ReceivedCallback;
  /** Whoever stores it applies it within this many milliseconds; 0 leaves it to the next who looks. */
  holdMs: number;
}

/**
 * Stores many callbacks in one statement.
 * @returns when they were received, by the database's clock
 */
export async function storeCallbacks(db: Database, items: readonly CallbackToStore[]): Promise<Date> {
  const callbacks = items.map((item) => item.callback);
  const [row] = await db.prepared<{ receivedAt: Date }>('store-callbacks', STORE, [
    callbacks.map((c) => c.id),
    callbacks.map((c) => c.tenantId),
    callbacks.map((c) => c.providerId),
    callbacks.map((c) => c.deliveryId ?? null),
    callbacks.map((c) => c.url),
    callbacks.map((c) => c.contentType ?? null),
    callbacks.map((c) => c.body),
    items.map((item) => item.holdMs),
  ]);
  return row!.receivedAt;
}

const STORE = `
WITH stored AS (
  INSERT INTO receipt_inbox (id, tenant_id, provider_id, delivery_id, url, content_type, body, taken_until, tries)
  SELECT id, tenant_id, provider_id, delivery_id, url, content_type, body,
    now() + hold_ms * interval '1 millisecond', CASE WHEN hold_ms > 0 THEN 1 ELSE 0 END
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bytea[], $8::integer[])
    AS c(id, tenant_id, provider_id, delivery_id, url, content_type, body, hold_ms)
)
SELECT now() AS "receivedAt"`;
