import { hkdfSync } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { type EncryptionKey } from '../crypto/encryption-keys';

const ISSUER = 'herald';
const AUDIENCE = 'feed';
const ALGORITHM = 'HS256';
const KEY_LABEL = 'herald recipient token';
const KEY_BYTES = 32;

/** Whose feed a token opens. */
export interface TokenOwner {
  tenantId: string;
  /** The tenant's own id of the recipient. */
  recipient: string;
}

export interface SignedRecipientToken {
  token: string;
  expiresAt: Date;
}

/** `expired`: it was right once. `invalid`: not a token of ours, changed, or signed with a key that is not configured. */
export type RecipientTokenResult =
  | ({ ok: true; expiresAt: Date } & TokenOwner)
  | { ok: false; reason: 'expired' | 'invalid' };

/**
 * Signs a token that opens one recipient's feed: a JWT (RFC 7519, HS256). The first key signs and every key verifies, as
 * with what is sealed, so a rotation leaves tokens valid while the old key is configured.
 */
export async function signRecipientToken(
  [key]: readonly EncryptionKey[],
  { tenantId, recipient, ttlSeconds }: TokenOwner & { ttlSeconds: number },
): Promise<SignedRecipientToken> {
  if (!key) throw new Error('Signing a recipient token needs a key');
  const issuedAt = Math.floor(Date.now() / 1000);
  const expiresAt = issuedAt + ttlSeconds;
  const token = await new SignJWT({ tid: tenantId })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.id })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(recipient)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(tokenKey(key));
  return { token, expiresAt: new Date(expiresAt * 1000) };
}

/** Whose feed a token opens, if it does. Signatures are compared in constant time. */
export async function verifyRecipientToken(
  keys: readonly EncryptionKey[],
  token: string,
): Promise<RecipientTokenResult> {
  try {
    const { payload } = await jwtVerify<{ tid?: unknown }>(token, ({ kid }) => keyOf(keys, kid), {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'tid', 'iat', 'exp'],
    });
    const { tid, sub, exp } = payload;
    if (typeof tid !== 'string' || typeof sub !== 'string') return { ok: false, reason: 'invalid' };
    return { ok: true, tenantId: tid, recipient: sub, expiresAt: new Date(Number(exp) * 1000) };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { ok: false, reason: 'expired' };
    if (error instanceof errors.JOSEError) return { ok: false, reason: 'invalid' };
    throw error;
  }
}

function keyOf(keys: readonly EncryptionKey[], kid: string | undefined): Uint8Array {
  const key = keys.find(({ id }) => id === kid);
  if (!key) throw new errors.JWKSNoMatchingKey();
  return tokenKey(key);
}

/** A key of its own (HKDF, RFC 5869): what is known of a token says nothing of what is sealed. */
function tokenKey({ key }: EncryptionKey): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', KEY_LABEL, KEY_BYTES));
}
