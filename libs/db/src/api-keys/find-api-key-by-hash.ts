import { type Scope } from '@herald/contracts';
import { type Database } from '../connection/database';

/** A key with what is needed to judge and admit its holder. */
export interface StoredApiKey {
  id: string;
  tenantId: string;
  live: boolean;
  scopes: Scope[];
  burst: number;
  perSecond: number;
  expiresAt: Date | null;
  revokedAt: Date | null;
  tenantDisabled: boolean;
}

/** The key with this SHA-256, whatever its state; for authentication, which is where the tenant becomes known. */
export async function findApiKeyByHash(db: Database, hash: Buffer): Promise<StoredApiKey | undefined> {
  const [key] = await db.rows<StoredApiKey & Record<string, unknown>>(
    `SELECT k.id, k.tenant_id AS "tenantId", k.live, k.scopes, k.burst, k.per_second AS "perSecond",
       k.expires_at AS "expiresAt", k.revoked_at AS "revokedAt", t.disabled_at IS NOT NULL AS "tenantDisabled"
     FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.hash = $1`,
    [hash],
  );
  return key;
}
