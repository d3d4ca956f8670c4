import { randomBytes } from 'node:crypto';

/** An AES-256 key; its id travels with everything it sealed. */
export interface EncryptionKey {
  id: string;
  key: Buffer;
}

export const ENCRYPTION_KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Reads `id:base64(32 bytes)` entries, comma separated or as a list.
 * @throws Error that names the entry by position and id, never by its key
 */
export function parseEncryptionKeys(list: string | readonly string[]): EncryptionKey[] {
  const entries = typeof list === 'string' ? list.split(',').map((entry) => entry.trim()) : list;
  const keys = entries.filter((entry) => entry !== '').map(parseEntry);
  if (keys.length === 0) throw new Error('There is no encryption key');
  const ids = new Set(keys.map((key) => key.id));
  if (ids.size < keys.length) throw new Error('Two encryption keys have the same id');
  return keys;
}

/** A new random key as an entry for `parseEncryptionKeys`; the id defaults to today's date. */
export function generateEncryptionKey(id = new Date().toISOString().slice(0, 10)): string {
  return `${id}:${randomBytes(ENCRYPTION_KEY_BYTES).toString('base64')}`;
}

function parseEntry(entry: string, index: number): EncryptionKey {
  const colon = entry.indexOf(':');
  const id = entry.slice(0, Math.max(colon, 0));
  if (!KEY_ID.test(id)) {
    throw new Error(`Encryption key ${index + 1} has no id: letters, digits, "_" and "-", then a colon`);
  }
  const text = entry.slice(colon + 1);
  const key = Buffer.from(text, 'base64');
  // Buffer.from skips what is not base64, so compare with what the bytes encode to.
  if (key.length !== ENCRYPTION_KEY_BYTES || stripPadding(key.toString('base64')) !== stripPadding(text)) {
    throw new Error(`Encryption key "${id}" is not base64 of ${ENCRYPTION_KEY_BYTES} bytes`);
  }
  return { id, key };
}

function stripPadding(base64: string): string {
  return base64.replace(/=+$/, '');
}
