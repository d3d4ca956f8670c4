import { type Scope } from '@herald/contracts';
import { IsNull } from 'typeorm';
import { type Database } from '../connection/database';
import { ApiKey } from '../entities';
import { type IdPage, idPage } from '../paging/id-page';

export interface NewApiKeyRow {
  id: string;
  tenantId: string;
  name: string;
  /** SHA-256 of the key. */
  hash: Buffer;
  hint: string;
  live: boolean;
  scopes: Scope[];
  burst: number;
  perSecond: number;
  expiresAt?: Date;
}

export async function createApiKey(db: Database, key: NewApiKeyRow): Promise<ApiKey> {
  const keys = db.repository(ApiKey);
  await keys.insert(key);
  return keys.findOneByOrFail({ id: key.id });
}

export async function findApiKey(db: Database, tenantId: string, id: string): Promise<ApiKey | undefined> {
  return (await db.repository(ApiKey).findOneBy({ tenantId, id })) ?? undefined;
}

export async function listApiKeys(db: Database, tenantId: string, page: IdPage): Promise<ApiKey[]> {
  return db.repository(ApiKey).find(idPage<ApiKey>({ tenantId }, page));
}

export interface KeyRotation {
  replacement: { id: string; hash: Buffer; hint: string };
  overlapSeconds: number;
  /** When missing, the new key lives as long as the old one was made for. */
  expiresAt?: Date;
}

/**
 * Replaces a key by one with the same rights; the old one expires when the overlap ends, or earlier if it was to. Gives
 * the new key; undefined when the old one is not the tenant's, was replaced or revoked, or has expired.
 */
export async function rotateApiKey(
  db: Database,
  tenantId: string,
  id: string,
  { replacement, overlapSeconds, expiresAt }: KeyRotation,
): Promise<ApiKey | undefined> {
  const params = [
    tenantId,
    id,
    replacement.id,
    replacement.hash,
    replacement.hint,
    overlapSeconds,
    expiresAt ?? null,
  ];
  const made = await db.rows<{ id: string }>(ROTATE, params);
  return made.length === 0 ? undefined : findApiKey(db, tenantId, replacement.id);
}

const ROTATE = `
WITH old AS (
  SELECT * FROM api_keys
  WHERE tenant_id = $1 AND id = $2 AND replaced_by IS NULL AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > now())
  FOR UPDATE
), made AS (
  INSERT INTO api_keys (id, tenant_id, name, hash, hint, live, scopes, burst, per_second, expires_at)
  SELECT $3, tenant_id, name, $4, $5, live, scopes, burst, per_second,
    coalesce($7::timestamptz, now() + (expires_at - created_at))
  FROM old
  RETURNING id
), ended AS (
  UPDATE api_keys k
  SET replaced_by = made.id, expires_at = least(k.expires_at, now() + $6::integer * interval '1 second')
  FROM made WHERE k.id = $2
)
SELECT id FROM made`;

/** Revokes a key at once; one that was revoked before keeps its time. False when it is not the tenant's. */
export async function revokeApiKey(db: Database, tenantId: string, id: string): Promise<boolean> {
  await db.repository(ApiKey).update({ tenantId, id, revokedAt: IsNull() }, { revokedAt: () => 'now()' });
  return (await findApiKey(db, tenantId, id)) !== undefined;
}
