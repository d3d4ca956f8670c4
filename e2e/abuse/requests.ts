import { CHANNELS } from '@herald/contracts';
import fc, { type Arbitrary } from 'fast-check';
import { hostileBody, inHeader, inUrl, percentEncode } from './hostile';
import { toText } from './json-text';
import { type Operation, type Parameter, type Schema } from './openapi';
import { valid } from './valid';
import { type WireRequest } from './wire';

/** What a caller may know: ids that exist by the collection they are in, and keys that open. */
export interface Known {
  ids: Readonly<Record<string, readonly string[]>>;
  keys: readonly string[];
  /** Of a recipient. */
  tokens: readonly string[];
}

type Part = 'path' | 'query' | 'headers' | 'body' | 'everything';

/**
 * Requests of an operation that are good but for one part: what is wrong in several places is refused at the first, and
 * nothing behind that is ever reached.
 */
export function requests(operation: Operation, known: Known, body?: Schema): Arbitrary<WireRequest> {
  const has = (place: Parameter['in']) => operation.parameters.some((each) => each.in === place);
  const parts: Part[] = ['everything', 'headers', 'query'];
  if (has('path')) parts.push('path');
  if (has('query')) parts.push('query', 'query');
  // Bodies are where most can be wrong.
  parts.push(...Array<Part>(body ? 8 : 1).fill('body'));
  return fc.constantFrom(...parts).chain((part) => {
    const wrong = (each: Part) => part === each || part === 'everything';
    return fc
      .record({
        path: pathOf(operation, known, wrong('path')),
        query: queryOf(operation, known, wrong('query')),
        headers: headersOf(operation, known, wrong('headers')),
        body: bodyOf(body, wrong('body')),
      })
      .map(({ path, query, ...rest }) => ({
        ...rest,
        method: operation.method,
        path: query.length > 0 ? `${path}?${query.join('&')}` : path,
      }));
  });
}

function bodyOf(schema: Schema | undefined, wrong: boolean): Arbitrary<Buffer | undefined> {
  if (wrong) return hostileBody(schema ? valid(schema) : fc.constant('x'));
  return schema ? valid(schema).map((json) => Buffer.from(toText(json))) : fc.constant(undefined);
}

function pathOf({ path, parameters }: Operation, known: Known, wrong: boolean): Arbitrary<string> {
  const names = parameters.filter((each) => each.in === 'path');
  const values = names.map((parameter) => {
    const good = goodText(parameter, path, known);
    return wrong ? inUrl(good) : good.map(percentEncode);
  });
  return fc
    .tuple(...values)
    .map((texts) => names.reduce((at, { name }, n) => at.replace(`{${name}}`, texts[n] as string), path));
}

function queryOf(operation: Operation, known: Known, wrong: boolean): Arbitrary<string[]> {
  const { path, parameters } = operation;
  const named = parameters
    .filter((each) => each.in === 'query')
    .map((parameter) => ({ ...parameter, name: parameter.name.replace('<key>', 'orderId') }));
  const good = named.map((parameter) =>
    fc
      .tuple(fc.boolean(), goodText(parameter, path, known))
      .map(([given, text]) =>
        given || parameter.required ? [`${parameter.name}=${percentEncode(text)}`] : [],
      ),
  );
  if (!wrong) return fc.tuple(...good).map((all) => all.flat());
  const needed = good.filter((_pair, n) => named[n]?.required);
  const name = named.length > 0 ? fc.constantFrom(...named.map((each) => each.name)) : fc.constant('x');
  const bad = fc.tuple(fc.oneof({ weight: 4, arbitrary: name }, inUrl(name)), inUrl(name));
  return fc
    .tuple(fc.tuple(...needed), bad)
    .map(([all, [key, value]]) => [
      ...all.flat().filter((pair) => !pair.startsWith(`${key}=`)),
      `${key}=${value}`,
    ]);
}

function goodText({ name, schema }: Parameter, path: string, { ids }: Known): Arbitrary<string> {
  if (schema.format === 'uuid') {
    const collection = name === 'id' ? (path.split('/')[2] as string) : name;
    return fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...(ids[collection] ?? Object.values(ids).flat())) },
      fc.uuid(),
    );
  }
  if (name === 'channel') return fc.constantFrom(...CHANNELS);
  if (name !== 'cursor') return valid(schema).map(String);
  const inside = fc.oneof(fc.constantFrom(...Object.values(ids).flat()), fc.string());
  return inside.map((text) => Buffer.from(text).toString('base64url'));
}

function headersOf(
  { isPublic, isRecipients, parameters }: Operation,
  { ids, keys, tokens }: Known,
  wrong: boolean,
): Arbitrary<Record<string, string>> {
  const good = {
    authorization: fc
      .constantFrom(...(isRecipients ? tokens : keys))
      .map((key) => (isPublic ? '' : `Bearer ${key}`)),
    'content-type': fc.constant('application/json'),
  };
  if (!wrong) return fc.record(good);
  const own = parameters.filter((each) => each.in === 'header').map(({ name }) => name.toLowerCase());
  const hostile = fc.oneof(inHeader, fc.constantFrom(...Object.values(ids).flat(), ...ENCODINGS, ...TYPES));
  const bad = fc
    .tuple(fc.constantFrom(...HEADERS, ...own), hostile)
    .map(([name, value]) => ({ [name]: value }));
  return fc.tuple(fc.record(good), bad).map(([headers, more]) => ({ ...headers, ...more }));
}

const HEADERS = [
  ...[
    'authorization',
    'content-type',
    'content-encoding',
    'accept',
    'cookie',
    'x-request-id',
    'x-forwarded-for',
  ],
  ...[
    'x-http-method-override',
    'x-twilio-signature',
    'if-none-match',
    'range',
    'idempotency-key',
    'expect',
    'host',
  ],
];
const ENCODINGS = ['gzip', 'br', 'identity', '100-continue'];
const TYPES = [
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=x',
];
