import { errors, importJWK, type JWTPayload, jwtVerify } from 'jose';

/** Who sent a message, by its VAPID token. */
export interface VapidIdentity {
  /** base64url of the uncompressed point. */
  publicKey: string;
  subject: string | null;
  expiresAt: Date;
}

export type VapidCheck = { ok: true; identity: VapidIdentity } | { ok: false; reason: string };

const refused = (reason: string): VapidCheck => ({ ok: false, reason });

const MAX_AGE_SECONDS = 24 * 3600;
/** Clocks differ. */
const TOLERANCE_SECONDS = 60;
const POINT_BYTES = 65;

/** Checks `Authorization: vapid t=…, k=…` as RFC 8292 asks, for a push service at `origin`. */
export async function verifyVapid(authorization: string | undefined, origin: string): Promise<VapidCheck> {
  const { t: token, k: publicKey } = fieldsOf(authorization ?? '');
  if (token === undefined || publicKey === undefined) {
    return refused('There is no "Authorization: vapid t=…, k=…".');
  }
  const point = Buffer.from(publicKey, 'base64url');
  if (point.length !== POINT_BYTES || point[0] !== 4) return refused('k is not the point of a P-256 key.');
  try {
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
    const key = await importJWK({ kty: 'EC', crv: 'P-256', x, y }, 'ES256');
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['ES256'],
      audience: origin,
      requiredClaims: ['exp'],
      clockTolerance: TOLERANCE_SECONDS,
    });
    return identityOf(publicKey, payload);
  } catch (error) {
    return refused(
      error instanceof errors.JOSEError ? `The token: ${error.message}.` : 'k is not a P-256 key.',
    );
  }
}

function identityOf(publicKey: string, { exp = 0, sub }: JWTPayload): VapidCheck {
  if (exp > Date.now() / 1000 + MAX_AGE_SECONDS + TOLERANCE_SECONDS) {
    return refused('The token: exp is more than 24 hours ahead.');
  }
  return { ok: true, identity: { publicKey, subject: sub ?? null, expiresAt: new Date(exp * 1000) } };
}

/** The parameters of the scheme `vapid`, in any order. */
function fieldsOf(authorization: string): Record<string, string | undefined> {
  const [scheme = '', ...rest] = authorization.trim().split(/\s+/);
  if (scheme.toLowerCase() !== 'vapid') return {};
  const pairs = rest.join('').split(',');
  return Object.fromEntries(pairs.map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]));
}
