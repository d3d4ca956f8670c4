import { createHmac } from 'node:crypto';

/**
 * `X-Twilio-Signature` of a form: base64 of HMAC-SHA1, keyed by the auth token, over the URL followed by the form's
 * names and values in the order of the names (https://www.twilio.com/docs/usage/security).
 */
export function twilioSignature(authToken: string, url: string, form: Record<string, string>): string {
  const text = Object.keys(form)
    .sort()
    .reduce((signed, name) => signed + name + form[name], url);
  return createHmac('sha1', authToken).update(text, 'utf8').digest('base64');
}
