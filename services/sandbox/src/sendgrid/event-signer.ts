import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Signs what the event webhook posts, as SendGrid does. */
export interface EventSigner {
  /** Base64 of DER (SPKI), as SendGrid shows it. */
  publicKey: string;
  /** The headers of a post, signed at `nowMs`. */
  headers(body: string, nowMs: number): Record<string, string>;
}

/**
 * A signer with the given P-256 key (base64 of DER, PKCS#8), or with a new one.
 *
 * @throws Error when the key is not one of that kind
 */
export function eventSigner(privateKeyBase64?: string): EventSigner {
  const key = privateKeyBase64
    ? readKey(privateKeyBase64)
    : generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
  return {
    publicKey: createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64'),
    headers: (body, nowMs) => {
      const timestamp = String(Math.floor(nowMs / 1000));
      return {
        'x-twilio-email-event-webhook-timestamp': timestamp,
        'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(timestamp + body), key).toString(
          'base64',
        ),
      };
    },
  };
}

function readKey(base64: string): KeyObject {
  const key = createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' });
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  throw new Error('the key that signs events must be of the curve P-256');
}
