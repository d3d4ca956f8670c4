import { createHash, createHmac } from 'node:crypto';
import { equalConstantTime } from '@herald/platform';

/** As Vonage names them: `md5hash` is a plain MD5 of text and secret, the others are HMACs keyed by the secret. */
export const SIGNATURE_METHODS = ['md5hash', 'md5', 'sha1', 'sha256', 'sha512'] as const;
export type SignatureMethod = (typeof SIGNATURE_METHODS)[number];

const MINUTE = 60_000;
/** A callback that is not taken is repeated, as it was, for a day. A doubled one does no harm. */
const MAX_AGE_MS = 25 * 60 * MINUTE;
/** For clocks that differ. */
const MAX_AHEAD_MS = 5 * MINUTE;

/**
 * Whether the fields of a callback carry Vonage's signature in `sig` and a `timestamp` of the last 25 hours
 * (https://developer.vonage.com/en/getting-started/concepts/signing-messages). Any letter case is taken: Vonage writes
 * HMACs in capitals and hashes in small letters.
 */
export function verifyVonageSignature(
  fields: ReadonlyMap<string, string>,
  key: { secret: string; method: SignatureMethod },
  now: number,
): boolean {
  const given = fields.get('sig');
  const signed = signedText(fields);
  if (!given || signed === undefined) return false;
  const genuine = equalConstantTime(given.toLowerCase(), digest(signed, key.secret, key.method));
  return genuine && isRecent(fields.get('timestamp'), now);
}

/**
 * All fields but `sig` in the order of their names, each as `&name=value`, with `_` for what would separate fields. In
 * names nothing is replaced: one with a separator could hide a field, and no name has any.
 */
function signedText(fields: ReadonlyMap<string, string>): string | undefined {
  const names = [...fields.keys()].filter((name) => name !== 'sig').sort();
  if (names.some((name) => /[&=]/.test(name))) return undefined;
  return names.map((name) => `&${name}=${fields.get(name)?.replace(/[&=]/g, '_')}`).join('');
}

function digest(text: string, secret: string, method: SignatureMethod): string {
  const hash =
    method === 'md5hash' ? createHash('md5').update(text) : createHmac(method, secret).update(text);
  return (method === 'md5hash' ? hash.update(secret) : hash).digest('hex');
}

function isRecent(timestamp: string | undefined, now: number): boolean {
  if (!timestamp || !/^\d{1,12}$/.test(timestamp)) return false;
  const age = now - Number(timestamp) * 1000;
  return age <= MAX_AGE_MS && age >= -MAX_AHEAD_MS;
}
