declare module 'http_ece' {
  import type { ECDH } from 'node:crypto';

  interface DecryptParams {
    version: 'aes128gcm';
    /** The receiver's pair. */
    privateKey: ECDH;
    /** base64url. */
    authSecret: string;
  }

  interface EncryptParams {
    version: 'aes128gcm';
    /** The sender's pair. */
    privateKey: ECDH;
    /** The receiver's public key, base64url. */
    dh: string;
    /** base64url. */
    authSecret: string;
  }

  export function encrypt(body: Buffer, params: EncryptParams): Buffer;
  /** Throws when the message was not encrypted for the receiver, or is no message. */
  export function decrypt(body: Buffer, params: DecryptParams): Buffer;
}
