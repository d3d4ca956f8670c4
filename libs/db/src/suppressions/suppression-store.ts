import { type Channel } from '@herald/contracts';
import { addressKey, type SuppressionReason } from '@herald/domain';
import { type Database } from '../connection/database';
import { maskAddress } from './mask-address';

/** A tenant has two lists: what test keys cause never affects real messages. */
export interface SuppressionList {
  tenantId: string;
  live: boolean;
}

/** One entry of a tenant's suppression list, as it is shown. */
export interface SuppressionEntry {
  channel: Channel;
  hint: string;
  reason: SuppressionReason;
  deliveryId: string | null;
  createdAt: Date;
}

/** Where a page of the list ended. */
export interface SuppressionPosition {
  /** Microseconds since the epoch, as decimal digits: a Date would cut them to milliseconds. */
  micros: string;
  channel: Channel;
  /** Hex. */
  addressKey: string;
}

export type ListedSuppression = SuppressionEntry & { position: SuppressionPosition };

interface ListRow extends SuppressionEntry {
  micros: string;
  addressKey: string;
}

const ENTRY = 'channel, hint, reason, delivery_id AS "deliveryId", created_at AS "createdAt"';

/** A tenant's suppressions, newest first. */
export async function listSuppressions(
  db: Database,
  where: SuppressionList & { channel?: Channel },
  page: { limit: number; before?: SuppressionPosition },
): Promise<ListedSuppression[]> {
  const { before } = page;
  const rows = await db.rows<ListRow & Record<string, unknown>>(LIST, [
    where.tenantId,
    where.live,
    where.channel ?? null,
    before?.micros ?? null,
    before?.channel ?? null,
    before?.addressKey ?? null,
    page.limit,
  ]);
  return rows.map(({ micros, addressKey: key, ...entry }) => ({
    ...entry,
    position: { micros, channel: entry.channel, addressKey: key },
  }));
}

const LIST = `
SELECT ${ENTRY}, (extract(epoch FROM created_at) * 1000000)::bigint::text AS micros,
  encode(address_key, 'hex') AS "addressKey"
FROM suppressions
WHERE tenant_id = $1 AND live = $2 AND ($3::text IS NULL OR channel = $3)
  AND ($4::bigint IS NULL OR (created_at, channel, address_key)
    < (timestamptz 'epoch' + $4::bigint * interval '1 microsecond', $5::text, decode($6, 'hex')))
ORDER BY created_at DESC, channel DESC, address_key DESC LIMIT $7`;

/** Suppresses an address. One that is suppressed already keeps its reason: `created` says which it was. */
export async function createSuppression(
  db: Database,
  suppression: SuppressionList & { channel: Channel; address: string; reason: SuppressionReason },
): Promise<{ created: boolean; entry: SuppressionEntry }> {
  const { tenantId, live, channel, address, reason } = suppression;
  const key = Buffer.from(addressKey(tenantId, channel, address), 'hex');
  const [row] = await db.rows<SuppressionEntry & { created: boolean } & Record<string, unknown>>(
    // Setting the hint to what it is makes the row come back; xmax is 0 for one that was inserted.
    `INSERT INTO suppressions AS s (tenant_id, live, channel, address_key, reason, hint)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (tenant_id, live, channel, address_key) DO UPDATE SET hint = s.hint
     RETURNING ${ENTRY}, xmax = 0 AS created`,
    [tenantId, live, channel, key, reason, maskAddress(channel, address)],
  );
  const { created, ...entry } = row!;
  return { created, entry };
}

/** Allows an address again; false when it was not suppressed. */
export async function deleteSuppression(
  db: Database,
  { tenantId, live, channel, address }: SuppressionList & { channel: Channel; address: string },
): Promise<boolean> {
  const key = Buffer.from(addressKey(tenantId, channel, address), 'hex');
  const gone = await db.rows(
    `DELETE FROM suppressions WHERE tenant_id = $1 AND live = $2 AND channel = $3 AND address_key = $4
     RETURNING channel`,
    [tenantId, live, channel, key],
  );
  return gone.length > 0;
}
