import { type Channel } from '@herald/contracts';
import { type SuppressionReason } from '@herald/domain';
import { type Database } from '../connection/database';
import { type SuppressionList } from './suppression-store';

/** Why nothing is sent to an address, and for one that is gone: since when. */
export interface Suppressed {
  reason: SuppressionReason;
  since: Date;
}

/** Which of some addresses are suppressed, by their key (hex; see `addressKey`). */
export async function findSuppressed(
  db: Database,
  { tenantId, live, channel }: SuppressionList & { channel: Channel },
  addressKeys: readonly string[],
): Promise<Map<string, Suppressed>> {
  const rows = await db.prepared<Suppressed & { key: string }>('find-suppressed', FIND, [
    tenantId,
    live,
    channel,
    addressKeys.map((key) => Buffer.from(key, 'hex')),
  ]);
  return new Map(rows.map(({ key, reason, since }) => [key, { reason, since }]));
}

const FIND = `
SELECT encode(address_key, 'hex') AS key, reason, coalesce(gone_since, created_at) AS since
FROM suppressions
WHERE tenant_id = $1 AND live = $2 AND channel = $3 AND address_key = ANY($4::bytea[])`;
