import { type Channel } from '@herald/contracts';
import { addressKey } from '@herald/domain';
import { type Database } from '../connection/database';
import { maskAddress } from '../suppressions/mask-address';

/** What the owner of an address said to a provider of a tenant. */
export interface Consent {
  tenantId: string;
  channel: Channel;
  address: string;
  optedOut: boolean;
  /** When it was said; an opt-in lifts what was said until then. */
  at: Date;
}

/**
 * Notes that an address wants no messages any more, or wants them again. Only what an owner said is taken back by its
 * word: an address that bounced, complained or was suppressed by hand stays so. An opt-in that comes late does not undo a
 * later opt-out; an opt-out is always noted.
 */
export async function applyConsent(db: Database, consent: Consent): Promise<'applied' | 'ignored'> {
  const { tenantId, channel, address, optedOut, at } = consent;
  const key = Buffer.from(addressKey(tenantId, channel, address), 'hex');
  const changed = optedOut
    ? await db.rows(OPT_OUT, [tenantId, channel, key, at, maskAddress(channel, address)])
    : await db.rows(OPT_IN, [tenantId, channel, key, at]);
  return changed.length > 0 ? 'applied' : 'ignored';
}

const OPT_OUT = `
INSERT INTO suppressions AS s (tenant_id, live, channel, address_key, reason, hint, created_at)
VALUES ($1, true, $2, $3, 'opt_out', $5, $4)
ON CONFLICT (tenant_id, live, channel, address_key) DO UPDATE SET created_at = $4
WHERE s.reason = 'opt_out' AND s.created_at < $4
RETURNING channel`;

const OPT_IN = `
DELETE FROM suppressions
WHERE tenant_id = $1 AND live AND channel = $2 AND address_key = $3 AND reason = 'opt_out' AND created_at <= $4
RETURNING channel`;
