import { randomUUID } from 'node:crypto';
import type { Callback } from './callback-sender';
import { twilioSignature } from './twilio-signature';

/** A form as Twilio posts it; its idempotency token stays the same over further tries. */
export function twilioCallback(url: string, authToken: string, form: Record<string, string>): Callback {
  return {
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'user-agent': 'TwilioProxy/1.1',
      'x-twilio-signature': twilioSignature(authToken, url, form),
      'i-twilio-idempotency-token': randomUUID(),
    },
    body: new URLSearchParams(form).toString(),
    status: form.SmsStatus ?? '',
  };
}
