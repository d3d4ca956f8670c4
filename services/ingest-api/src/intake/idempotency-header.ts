import { FORMATS, LIMITS } from '@herald/contracts';
import { ProblemError } from '@herald/platform';

const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The value of an Idempotency-Key header: a structured-field string (RFC 8941, quoted) or the bare key.
 * @throws ProblemError 422 when it is empty, too long or not printable ASCII
 */
export function parseIdempotencyHeader(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = (Array.isArray(header) ? header.join(', ') : header).trim();
  const quoted = QUOTED.exec(text);
  const key = quoted ? (quoted[1] as string).replace(/\\(["\\])/g, '$1') : text;
  if (key.length === 0 || key.length > LIMITS.idempotencyKeyChars || !FORMATS['idempotency-key'].check(key)) {
    throw new ProblemError('validation', undefined, {
      errors: [
        {
          pointer: '/headers/idempotency-key',
          detail: `must be 1 to ${LIMITS.idempotencyKeyChars} printable ASCII characters, quoted or bare`,
        },
      ],
    });
  }
  return key;
}
