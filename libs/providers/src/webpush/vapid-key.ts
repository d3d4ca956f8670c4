import { createECDH } from 'node:crypto';
import { Format } from '@herald/contracts';
import { Matches } from 'class-validator';

/** A pair that requests to push services are signed with (RFC 8292). */
export class VapidKeyConfig {
  @Format('uuid') id: string;

  @Matches(/^[A-Za-z0-9_-]{87}$/, { message: 'must be the base64url of a P-256 public key: 65 bytes' })
  publicKey: string;

  @Matches(/^[A-Za-z0-9_-]{43}$/, { message: 'must be the base64url of a P-256 private key: 32 bytes' })
  privateKey: string;
}

/** Whether the two keys belong together. */
export function isKeyPair({ publicKey, privateKey }: VapidKeyConfig): boolean {
  const pair = createECDH('prime256v1');
  try {
    pair.setPrivateKey(privateKey, 'base64url');
  } catch {
    return false;
  }
  return pair.getPublicKey('base64url') === publicKey;
}

/** A new pair, base64url. */
export async function newVapidKeyPair(): Promise<{ publicKey: string; privateKey: string }> {
  const { generateVAPIDKeys } = (await import('web-push')).default;
  return generateVAPIDKeys();
}
