import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

export interface FcmAccount {
  projectId: string;
  clientEmail: string;
  /** The account's RSA key, base64 of DER (PKCS#8); made anew at each start when missing. */
  privateKey?: string;
}

/** The service account that the FCM API knows. */
export interface ServiceAccountKey {
  projectId: string;
  clientEmail: string;
  publicKey: KeyObject;
  /** The JSON of its key file, for a client that gets its tokens at `tokenUri`. */
  keyFile(tokenUri: string): string;
}

const KEY_BITS = 2048;

/**
 * A service account with the given key, or with a new one.
 *
 * @throws Error when the key is not an RSA key
 */
export async function serviceAccountKey(account: FcmAccount): Promise<ServiceAccountKey> {
  const { projectId, clientEmail } = account;
  const key = account.privateKey ? readKey(account.privateKey) : await newKey();
  const keyId = randomBytes(20).toString('hex');
  return {
    projectId,
    clientEmail,
    publicKey: createPublicKey(key),
    keyFile: (tokenUri) =>
      JSON.stringify({
        type: 'service_account',
        project_id: projectId,
        private_key_id: keyId,
        private_key: key.export({ format: 'pem', type: 'pkcs8' }),
        client_email: clientEmail,
        token_uri: tokenUri,
      }),
  };
}

async function newKey(): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: KEY_BITS });
  return privateKey;
}

function readKey(base64: string): KeyObject {
  const key = createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'pkcs8' });
  if (key.asymmetricKeyType === 'rsa') return key;
  throw new Error('the key of the service account must be an RSA key');
}
