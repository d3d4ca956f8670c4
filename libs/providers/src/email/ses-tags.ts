import { FORMATS } from '@herald/contracts';
import { type EmailMessage, type SendContext } from '@herald/delivery';

/** What a tag is called that names the delivery: letters, digits, `_` and `-` are allowed, in its value as well. */
const DELIVERY_TAG = 'herald_delivery_id';
const TAGS_HEADER = 'X-SES-MESSAGE-TAGS';
const CONFIGURATION_SET_HEADER = 'X-SES-CONFIGURATION-SET';

/**
 * A message's headers with those that SES reads and takes out: which configuration set publishes its events, and the tag
 * by which they name the delivery. A message's own of the same names give way.
 */
export function sesHeaders(
  { headers }: EmailMessage,
  { deliveryId }: SendContext,
  configurationSet: string | undefined,
): Record<string, string> {
  const ours: Record<string, string> = {
    ...(configurationSet && { [CONFIGURATION_SET_HEADER]: configurationSet }),
    [TAGS_HEADER]: `${DELIVERY_TAG}=${deliveryId}`,
  };
  const names = new Set(Object.keys(ours).map((name) => name.toLowerCase()));
  const theirs = Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(theirs), ...ours };
}

/** Enough for any real message; SES cuts the headers off at 10 kB. */
const MAX_HEADERS = 200;

/**
 * The delivery that a notification's `mail` speaks of. Event publishing gives the tags; notifications of an identity have
 * none, and the original headers if they are asked for.
 */
export function taggedDelivery(mail: { tags?: unknown; headers?: unknown }): string | undefined {
  const found = fromTags(mail.tags) ?? fromHeaders(mail.headers);
  return found !== undefined && FORMATS.uuid.check(found) ? found : undefined;
}

function fromTags(tags: unknown): string | undefined {
  if (typeof tags !== 'object' || tags === null || !Object.hasOwn(tags, DELIVERY_TAG)) return undefined;
  const values = (tags as Record<string, unknown>)[DELIVERY_TAG];
  const [first] = Array.isArray(values) ? (values as unknown[]) : [];
  return typeof first === 'string' ? first : undefined;
}

function fromHeaders(headers: unknown): string | undefined {
  if (!Array.isArray(headers)) return undefined;
  for (const header of (headers as unknown[]).slice(0, MAX_HEADERS)) {
    const { name, value } = (header ?? {}) as { name?: unknown; value?: unknown };
    if (typeof name !== 'string' || typeof value !== 'string') continue;
    if (name.toLowerCase() === TAGS_HEADER.toLowerCase()) return tagIn(value);
  }
  return undefined;
}

function tagIn(header: string): string | undefined {
  for (const pair of header.split(',')) {
    const [name, value] = pair.split('=', 2);
    if (name?.trim() === DELIVERY_TAG) return value?.trim();
  }
  return undefined;
}
