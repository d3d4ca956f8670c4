import { createHmac, randomUUID } from 'node:crypto';
import type { Callback } from '../twilio/callback-sender';

/**
 * Fields as Vonage posts them with webhooks of the kind POST-JSON, signed with SHA-256 HMAC
 * (https://developer.vonage.com/en/getting-started/concepts/signing-messages).
 */
export function vonageCallback(
  url: string,
  signatureSecret: string,
  fields: Record<string, string>,
): Callback {
  const now = new Date();
  const signed = {
    ...fields,
    'message-timestamp': now.toISOString().slice(0, 19).replace('T', ' '),
    timestamp: String(Math.floor(now.getTime() / 1000)),
    nonce: randomUUID(),
  };
  return {
    url,
    headers: { 'content-type': 'application/json', 'user-agent': 'Nexmo/MessagingHUB/v1.0' },
    body: JSON.stringify({ ...signed, sig: vonageSignature(signatureSecret, signed) }),
    status: fields.status ?? 'received',
  };
}

/** `sig`: over all fields in the order of their names, with `_` for the separators in values. */
function vonageSignature(secret: string, fields: Record<string, string>): string {
  const hmac = createHmac('sha256', secret);
  for (const name of Object.keys(fields).sort())
    hmac.update(`&${name}=${fields[name]?.replace(/[&=]/g, '_')}`);
  return hmac.digest('hex').toUpperCase();
}
