import { type Channel } from '@herald/contracts';
import { idBounds, type SuppressionReason } from '@herald/domain';
import { type Database } from '../connection/database';
import { maskAddress } from '../suppressions/mask-address';

/** A delivery whose address is not to be written to any more, and why. */
export interface RecipientToSuppress {
  deliveryId: string;
  reason: SuppressionReason;
  /** When the provider learnt of it. */
  at: Date;
}

interface Sent {
  id: string;
  live: boolean;
  address: string;
  addressKey: Buffer;
}

/**
 * Suppresses the addresses of deliveries that a provider tells of: those of the tenant and channel that were tried. An
 * address that is suppressed already keeps its reason. An opt-out alone gives way to one that no opt-in lifts, and counts from
 * the latest word, so that no opt-in before it lifts it.
 */
export async function suppressRecipients(
  db: Database,
  { tenantId, channel }: { tenantId: string; channel: Channel },
  recipients: readonly RecipientToSuppress[],
): Promise<void> {
  if (recipients.length === 0) return;
  const ids = recipients.map(({ deliveryId }) => deliveryId.toLowerCase());
  const { low, high } = idBounds(ids);
  const sent = await db.prepared<Sent & Record<string, unknown>>('find-recipients', FIND, [
    ids,
    low,
    high,
    tenantId,
    channel,
  ]);
  if (sent.length === 0) return;
  const known = new Map(sent.map((row) => [row.id, row]));
  const found = recipients.flatMap(({ reason, at }, n) => {
    const row = known.get(ids[n] as string);
    return row ? [{ ...row, reason, at }] : [];
  });
  await db.prepared('suppress-recipients', SUPPRESS, [
    tenantId,
    channel,
    found.map((row) => row.live),
    found.map((row) => row.addressKey),
    found.map((row) => row.reason),
    found.map((row) => maskAddress(channel, row.address)),
    found.map((row) => row.id),
    found.map((row) => row.at),
  ]);
}

const FIND = `
SELECT id, live, address, address_key AS "addressKey" FROM deliveries
WHERE id = ANY($1::uuid[]) AND id BETWEEN $2::uuid AND $3::uuid AND tenant_id = $4 AND channel = $5 AND attempts > 0
  AND address IS NOT NULL AND address_key IS NOT NULL`;

/**
 * Of several words of one address what no opt-in lifts goes first. Sorted, so that two statements that want the same rows do
 * not wait for each other.
 */
const SUPPRESS = `
INSERT INTO suppressions AS s (tenant_id, channel, live, address_key, reason, hint, delivery_id, created_at)
SELECT DISTINCT ON (live, address_key) $1::uuid, $2::text, live, address_key, reason, hint, delivery_id, at
FROM unnest($3::boolean[], $4::bytea[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[])
  AS t(live, address_key, reason, hint, delivery_id, at)
ORDER BY live, address_key, reason = 'opt_out', at DESC
ON CONFLICT (tenant_id, live, channel, address_key) DO UPDATE
  SET reason = excluded.reason, delivery_id = excluded.delivery_id,
    created_at = greatest(s.created_at, excluded.created_at)
WHERE s.reason = 'opt_out' AND (excluded.reason <> 'opt_out' OR s.created_at < excluded.created_at)`;
