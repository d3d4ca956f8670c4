import { FORMATS, LIMITS } from '@herald/contracts';
import { type WebPushMessage } from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import type * as WebPush from 'web-push';

/** A message as its push service gets it, but for whom it is from. */
export type EncryptedPush =
  | { ok: true; headers: Record<string, string>; body: Buffer }
  | { ok: false; outcome: SendOutcome };

const BAD_KEYS: SendOutcome = {
  outcome: 'permanent-address',
  reason: 'invalid_address',
  code: 'webpush_invalid_keys',
  detail: 'Nothing can be encrypted for the keys of the subscription.',
};

/** What Node says of 65 bytes that are no point of the curve. */
const NO_POINT = 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY';

/** Encrypts a message for its browser (RFC 8291), or says why it cannot be sent. */
export function encryptPush(
  { generateRequestDetails }: Pick<typeof WebPush, 'generateRequestDetails'>,
  message: WebPushMessage,
): EncryptedPush {
  const { endpoint, keys, payload, ttlSeconds, urgency, topic } = message;
  const bytes = Buffer.byteLength(payload);
  if (bytes > LIMITS.webPushPayloadBytes) return { ok: false, outcome: tooLarge(bytes) };
  if (!FORMATS['p256dh-key'].check(keys.p256dh) || !FORMATS['auth-secret'].check(keys.auth)) {
    return { ok: false, outcome: BAD_KEYS };
  }
  try {
    // The endpoint is not part of what is encrypted; of some the library thinks that they belong to services long gone.
    const subscription = { endpoint: new URL(endpoint).origin, keys };
    const options = { TTL: ttlSeconds, urgency, ...(topic !== undefined && { topic }) };
    const { headers, body } = generateRequestDetails(subscription, payload, options);
    const texts = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
    return { ok: true, headers: Object.fromEntries(texts) as Record<string, string>, body };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === NO_POINT) return { ok: false, outcome: BAD_KEYS };
    throw error;
  }
}

function tooLarge(bytes: number): SendOutcome {
  return {
    outcome: 'permanent-content',
    reason: 'content_rejected',
    code: 'webpush_payload_too_large',
    detail: `The payload has ${bytes} bytes; ${LIMITS.webPushPayloadBytes} are possible.`,
  };
}
