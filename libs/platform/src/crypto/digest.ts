import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

/** Compares without telling by its duration where the two differ; lengths may differ. */
export function equalConstantTime(a: string | Buffer, b: string | Buffer): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

/**
 * A token (43 base64url characters) that only a holder of the secret can make for exactly these parts, for URLs such
 * as unsubscribe links and callbacks. Parts are length-prefixed, so ('ab', 'c') and ('a', 'bc') differ.
 */
export function hmacToken(secret: string | Buffer, ...parts: readonly string[]): string {
  const hmac = createHmac('sha256', secret);
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:${part}`);
  return hmac.digest('base64url');
}

export function verifyHmacToken(
  secret: string | Buffer,
  token: string,
  ...parts: readonly string[]
): boolean {
  return equalConstantTime(token, hmacToken(secret, ...parts));
}
