import { type ReceiptRequest } from '@herald/delivery';

/** Whether the body is a form, as Twilio's own callbacks are; else it is JSON. */
export function isForm(request: ReceiptRequest): boolean {
  return String(request.headers['content-type'])
    .toLowerCase()
    .startsWith('application/x-www-form-urlencoded');
}

/** The fields of a callback, a form or a JSON object, as texts; none for a body that is neither. */
export function callbackFields(request: ReceiptRequest): Map<string, string> {
  const text = request.rawBody.toString('utf8');
  if (isForm(request)) return new Map(new URLSearchParams(text));
  try {
    const entries = Object.entries(JSON.parse(text) as object);
    return new Map(entries.map(([name, value]) => [name, String(value)]));
  } catch {
    return new Map();
  }
}
