import { createHash, createHmac } from 'node:crypto';
import { type ReceiptRequest } from '@herald/delivery';
import { equalConstantTime } from '@herald/platform';
import { isForm } from './callback-fields';

/**
 * X-Twilio-Signature: base64 of HMAC-SHA1 with the auth token, over the URL and the form's fields sorted by name, each
 * name followed by its value; for a JSON body over the URL alone, whose `bodySHA256` then answers for the body.
 */
export function verifyTwilioSignature(request: ReceiptRequest, authToken: string): boolean {
  const given = request.headers['x-twilio-signature'];
  if (typeof given !== 'string') return false;
  let fields = '';
  if (isForm(request)) {
    fields = signedFields(new URLSearchParams(request.rawBody.toString('utf8')));
  } else {
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    const hash = url?.searchParams.get('bodySHA256') ?? '';
    if (!equalConstantTime(hash, createHash('sha256').update(request.rawBody).digest('hex'))) return false;
  }
  // Twilio signs with or without the standard port, depending on the product.
  return withAndWithoutPort(request.url)
    .map((url) =>
      createHmac('sha1', authToken)
        .update(url + fields, 'utf8')
        .digest('base64'),
    )
    .map((expected) => equalConstantTime(given, expected))
    .includes(true);
}

function signedFields(form: URLSearchParams): string {
  const byName = [...new Set(form.keys())].sort();
  return byName
    .flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value))
    .join('');
}

function withAndWithoutPort(url: string): string[] {
  const match = /^(https?):\/\/([^/?#:]+)(:\d+)?(.*)$/s.exec(url);
  if (!match) return [url];
  const [, scheme, host, port, rest] = match;
  return [
    `${scheme}://${host}${rest}`,
    `${scheme}://${host}${port ?? (scheme === 'https' ? ':443' : ':80')}${rest}`,
  ];
}
