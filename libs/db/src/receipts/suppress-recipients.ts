import { type Channel } from '@herald/contracts';
import { idBounds, type SuppressionReason } from '@herald/domain';
import { type Database } from '../connection/database';
import { maskAddress } from '../suppressions/mask-address';

/** A delivery whose address is not to be written to any more, and why. */
export interface RecipientToSuppress {
  deliveryId: string;
  reason: SuppressionReason;
}

interface Sent {
  id: string;
  live: boolean;
  address: string;
  addressKey: Buffer;
}

/**
 * Suppresses the addresses of deliveries that a provider tells of: those of the tenant and channel that were tried. An
 * address that is suppressed already keeps its reason.
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
  const reasons = new Map(recipients.map(({ reason }, n) => [ids[n], reason]));
  await db.prepared('suppress-recipients', SUPPRESS, [
    tenantId,
    channel,
    sent.map((row) => row.live),
    sent.map((row) => row.addressKey),
    sent.map((row) => reasons.get(row.id)),
    sent.map((row) => maskAddress(channel, row.address)),
    sent.map((row) => row.id),
  ]);
}

const FIND = `
SELECT id, live, address, address_key AS "addressKey" FROM deliveries
WHERE id = ANY($1::uuid[]) AND id BETWEEN $2::uuid AND $3::uuid AND tenant_id = $4 AND channel = $5 AND attempts > 0
  AND address IS NOT NULL AND address_key IS NOT NULL`;

/** Sorted, so that two statements that want the same rows do not wait for each other. */
const SUPPRESS = `
INSERT INTO suppressions (tenant_id, channel, live, address_key, reason, hint, delivery_id)
SELECT $1::uuid, $2::text, live, address_key, reason, hint, delivery_id
FROM unnest($3::boolean[], $4::bytea[], $5::text[], $6::text[], $7::uuid[])
  AS s(live, address_key, reason, hint, delivery_id)
ORDER BY live, address_key
ON CONFLICT DO NOTHING`;
