import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ENCRYPTION_KEY_BYTES, type EncryptionKey } from './encryption-keys';

const VERSION = 'v1';
const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** An envelope that cannot be opened: damaged, sealed for another context, or by a key that is not configured. */
export class SecretBoxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SecretBoxError';
  }
}

interface Envelope {
  keyId: string;
  iv: Buffer;
  tag: Buffer;
  ciphertext: Buffer;
}

/**
 * Seals secrets for storage: AES-256-GCM, `v1.<key id>.<iv>.<tag>.<ciphertext>` (base64url). The first key seals, every
 * key opens, so a rotation is: put a new key first, reseal what `needsRotation`, drop the old one. Random 96-bit IVs
 * are safe for about 2^32 seals per key, far more than there are credentials.
 */
export class SecretBox {
  private readonly keys: ReadonlyMap<string, Buffer>;
  private readonly sealing: EncryptionKey;

  constructor(keys: readonly EncryptionKey[]) {
    const [first] = keys;
    if (!first) throw new Error('SecretBox needs at least one key');
    for (const { id, key } of keys) {
      if (key.length !== ENCRYPTION_KEY_BYTES)
        throw new Error(`Encryption key "${id}" does not have 32 bytes`);
    }
    this.sealing = first;
    this.keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  /** Objects are sealed as JSON. `context` (such as `providers:<id>`) must be given again to open: it stops an envelope
   * from being moved to another row. */
  seal(plaintext: string | object, context = ''): string {
    const text = typeof plaintext === 'string' ? plaintext : JSON.stringify(plaintext);
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.sealing.key, iv);
    cipher.setAAD(additionalData(this.sealing.id, context));
    const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    const parts = [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url'));
    return [VERSION, this.sealing.id, ...parts].join('.');
  }

  /** @throws SecretBoxError */
  open(envelope: string, context = ''): string {
    const { keyId, iv, tag, ciphertext } = parseEnvelope(envelope);
    const key = this.keys.get(keyId);
    if (!key) throw new SecretBoxError(`Sealed with the key "${keyId}", which is not configured`);
    const decipher = createDecipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(keyId, context));
    decipher.setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
    } catch {
      throw new SecretBoxError('The envelope was changed, or sealed for another context or by another key');
    }
  }

  /** Whether another key than the first sealed it. */
  needsRotation(envelope: string): boolean {
    return parseEnvelope(envelope).keyId !== this.sealing.id;
  }
}

function additionalData(keyId: string, context: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}.${context}`, 'utf8');
}

function parseEnvelope(envelope: string): Envelope {
  const parts = envelope.split('.');
  const [version, keyId, iv, tag, ciphertext] = parts;
  if (parts.length !== 5 || version !== VERSION || !keyId) throw new SecretBoxError('Not a sealed envelope');
  const parsed = { keyId, iv: decode(iv), tag: decode(tag), ciphertext: decode(ciphertext) };
  if (parsed.iv.length !== IV_BYTES || parsed.tag.length !== TAG_BYTES) {
    throw new SecretBoxError('Not a sealed envelope');
  }
  return parsed;
}

function decode(part: string | undefined): Buffer {
  return Buffer.from(part ?? '', 'base64url');
}
