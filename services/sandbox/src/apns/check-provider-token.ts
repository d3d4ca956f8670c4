import type { KeyObject } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { ApnsReason } from './apns-reasons';

/** Apple takes a token for an hour. */
const MAX_AGE_SECONDS = 3600;
/** A clock that is a little ahead is forgiven. */
const AHEAD_SECONDS = 300;

/**
 * What is wrong with the `authorization` of a request; undefined when nothing is.
 * https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
 */
export async function checkProviderToken(
  authorization: string | undefined,
  { publicKey, keyId, teamId, nowMs }: { publicKey: KeyObject; keyId: string; teamId: string; nowMs: number },
): Promise<ApnsReason | undefined> {
  const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return 'MissingProviderToken';
  try {
    const { kid, alg } = decodeProtectedHeader(token);
    if (kid !== keyId || alg !== 'ES256') return 'InvalidProviderToken';
    const { payload } = await jwtVerify(token, publicKey, { algorithms: ['ES256'], issuer: teamId });
    const age = nowMs / 1000 - (payload.iat ?? Number.NaN);
    if (age > MAX_AGE_SECONDS) return 'ExpiredProviderToken';
    return age >= -AHEAD_SECONDS ? undefined : 'InvalidProviderToken';
  } catch {
    return 'InvalidProviderToken';
  }
}
