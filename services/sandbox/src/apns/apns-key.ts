import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

export interface ApnsAccount {
  keyId: string;
  teamId: string;
  /** The bundle id of the app. */
  topic: string;
  /** The team's key, base64 of DER (PKCS#8); made anew at each start when missing. */
  privateKey?: string;
}

/** The team's signing key: what Apple keeps of it, and the file that its owner has. */
export interface ApnsKey {
  publicKey: KeyObject;
  /** The text of the .p8 file. */
  file: string;
}

/** @throws Error when the key is not a P-256 key */
export function apnsKey({ privateKey }: ApnsAccount): ApnsKey {
  const key = privateKey
    ? createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' })
    : generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('the key of APNs must be a P-256 key');
  return {
    publicKey: createPublicKey(key),
    file: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
