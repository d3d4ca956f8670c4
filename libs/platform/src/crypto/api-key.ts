import { randomBytes } from 'node:crypto';
import { sha256 } from './digest';

export type ApiKeyMode = 'live' | 'test';

export interface NewApiKey {
  /** Shown once; `hk_live_` or `hk_test_` and 256 random bits in base64url. */
  key: string;
  /** SHA-256 of the key: all that is stored. A slow hash is not needed for 256 random bits. */
  hash: Buffer;
  /** Enough to recognise the key in a list, such as `hk_live_abcd…wxyz`. */
  hint: string;
}

const API_KEY = /^hk_(?:live|test)_[A-Za-z0-9_-]{43}$/;
const PREFIX = /^hk_[a-z]+_/;
const KEY_BYTES = 32;
const HINT_CHARS = 4;

export function newApiKey(mode: ApiKeyMode): NewApiKey {
  const prefix = `hk_${mode}_`;
  const random = randomBytes(KEY_BYTES).toString('base64url');
  const key = prefix + random;
  return {
    key,
    hash: sha256(key),
    hint: apiKeyHint(key),
  };
}

/** Enough of a key to recognise it in a list, such as `hk_live_abcd…wxyz`. */
export function apiKeyHint(key: string): string {
  const start = (PREFIX.exec(key)?.[0].length ?? 0) + HINT_CHARS;
  return `${key.slice(0, start)}…${key.slice(-HINT_CHARS)}`;
}

/** Whether a text has the form of an API key, so that nothing else is looked up. */
export function looksLikeApiKey(text: string): boolean {
  return API_KEY.test(text);
}
