import fc, { type Arbitrary } from 'fast-check';
import { type Json, Members } from './json-text';
import { resolved, type Schema } from './openapi';

/** More would make bodies long, not more hostile. */
const MAX_ITEMS = 3;
const MAX_CHARS = 40;

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .map((s) => s.replace(/[\p{C}"<>/\\]/gu, 'x'));
const email = fc.tuple(word, word).map(([user, host]) => `${user}@${host}.example.com`);

/** Good values of the document's formats; a format that is not here gets any text. */
const FORMATS: Record<string, Arbitrary<string>> = {
  email,
  mailbox: fc.oneof(
    email,
    fc.tuple(word, email).map(([who, at]) => `${who} <${at}>`),
  ),
  phone: fc.constantFrom('+4915112345678', '+15005550006', '+442079460000'),
  'http-url': fc.tuple(word, word).map(([host, at]) => `https://${host}.invalid/${at}`),
  'language-tag': fc.constantFrom('de', 'de-DE', 'zh-Hant-TW'),
  'time-zone': fc.constantFrom('UTC', 'Europe/Berlin'),
  'single-line': name,
  'header-name': word.map((text) => `X-${text}`),
  'mime-type': fc.constantFrom('text/plain', 'application/pdf'),
  'file-name': name.map((text) => `${text}.txt`),
  base64: fc
    .uint8Array({ minLength: 1, maxLength: 30 })
    .map((bytes) => Buffer.from(bytes).toString('base64')),
  'idempotency-key': word,
  'map-key': word,
  text: name,
  'device-token': word,
  'push-data-key': word.map((text) => `x-${text}`),
  'collapse-key': word,
  'hex-color': fc.constantFrom('#3366ff', '#000000'),
  'p256dh-key': fc.constant(Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)]).toString('base64url')),
  'auth-secret': fc.constant(Buffer.alloc(16, 7).toString('base64url')),
  'web-push-topic': word,
  'vapid-subject': email.map((address) => `mailto:${address}`),
  'recipient-id': word,
  'category-name': word,
  'feed-cursor': fc.nat().map(String),
  link: word.map((text) => `/${text}`),
  uuid: fc.uuid(),
  'rfc3339-time': fc
    .date({ min: new Date(Date.now() + 60_000), max: new Date(Date.now() + 86_400_000), noInvalidDate: true })
    .map((date) => date.toISOString()),
};

/** Bodies that a schema describes. */
export function valid(schema: Schema, depth = 0): Arbitrary<Json> {
  const { type, enum: values, oneOf, format } = schema;
  if (schema.$ref) return valid(resolved(schema), depth);
  if (oneOf) return fc.oneof(...oneOf.map((each) => valid(each, depth)));
  if (values) return fc.constantFrom(...(values as string[]));
  // One of several, such as a number or null: the first is the one that says more.
  switch (Array.isArray(type) ? type[0] : type) {
    case 'string':
      return text(schema, FORMATS[format ?? '']);
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000_000 });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return list(schema, depth);
    default:
      return object(schema, depth);
  }
}

function text(
  { minLength = 0, maxLength = MAX_CHARS }: Schema,
  format?: Arbitrary<string>,
): Arbitrary<string> {
  if (format) return format;
  return fc.string({ minLength, maxLength: Math.min(maxLength, minLength + MAX_CHARS) });
}

function list({ items = {}, minItems = 0, maxItems = MAX_ITEMS }: Schema, depth: number): Arbitrary<Json> {
  const limits = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, MAX_ITEMS)) };
  return fc.uniqueArray(valid(items, depth + 1), { ...limits, selector: (item) => JSON.stringify(item) });
}

function object(schema: Schema, depth: number): Arbitrary<Json> {
  const { properties = {}, required = [], additionalProperties, propertyNames = {} } = schema;
  const known = Object.entries(properties).map(([key, property]) =>
    fc
      .tuple(fc.boolean(), valid(property, depth + 1))
      .map(([given, value]) => (given || required.includes(key) ? [[key, value] as const] : [])),
  );
  const more = additionalProperties
    ? fc.array(
        fc.tuple(
          text(propertyNames, FORMATS[propertyNames.format ?? '']),
          typeof additionalProperties === 'object' ? valid(additionalProperties, depth + 1) : fc.string(),
        ),
        { maxLength: MAX_ITEMS },
      )
    : fc.constant([]);
  return fc
    .tuple(fc.tuple(...known), more)
    .map(([given, others]) => new Members([...given.flat(), ...others]));
}
