import fc, { type Arbitrary } from 'fast-check';
import { changedAt, type Json, Members, Raw, sizeOf, textsIn, toText } from './json-text';

const nested = (open: string, close: string, levels: number) =>
  new Raw(open.repeat(levels) + close.repeat(levels));

/** Texts that break parsers, databases, patterns and pages. */
export const TEXTS: readonly string[] = [
  ...[
    '',
    ' ',
    '\u0000',
    'a\u0000b',
    '\ud800',
    'x\udfff',
    '\ufeff',
    '\u202e',
    '\u2028',
    'a\r\nb: c',
    '\x1b[31m',
    '\x7f',
  ],
  ...['NaN', 'Infinity', '-0', '1e5', '0x10', 'true', 'null', '[object Object]', '__proto__', 'constructor'],
  ...[
    "' OR 1=1 --",
    '"; DROP TABLE notifications; --',
    '%',
    '\\',
    '%00',
    '%c0%af',
    '../../etc/passwd',
    '{{7*7}}',
  ],
  ...[
    '<script>alert(1)</script>',
    '00000000-0000-0000-0000-000000000000',
    '019abcde-0000-7000-8000-000000000000',
  ],
  ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:60Z', '9999-12-31T23:59:59-12:00'],
  ...[
    '"a\r\nb"@example.com',
    '"a b"@example.com',
    'a@[127.0.0.1]',
    'é@example.com',
    'http://[::1',
    'http://1.2.3.4.5',
  ],
  ...['😀'.repeat(200), 'ı̇'.repeat(100), 'a'.repeat(100_000), '\u0000'.repeat(1000), '\\u0000'],
];

const VALUES: readonly Json[] = [
  ...[null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 5e-324, 1e308],
  ...['1e999', '-1e999', '123456789012345678901234567890', '-0', '0.1e-400'].map((text) => new Raw(text)),
  ...[
    'NaN',
    'Infinity',
    '01',
    '1.',
    '+1',
    "'x'",
    '"\\x41"',
    '"\t"',
    '"\\ud800"',
    '"\\u0000"',
    'undefined',
    ',',
    '',
  ].map((text) => new Raw(text)),
  [],
  [[]],
  new Members([]),
  new Members([['__proto__', new Members([['admin', true]])]]),
  new Members([['constructor', new Members([['prototype', new Members([['admin', true]])]])]]),
  new Members([['length', 1e9]]),
  new Members([['toString', 'x']]),
  nested('[', ']', 60),
  nested('[', ']', 2000),
  nested('{"a":', '}', 2000),
  Array(5000).fill(0),
  Array(5000).fill(new Members([])),
  new Members(Array.from({ length: 3000 }, (_, n) => [`field-${n}`, n] as const)),
];

const NAMES: readonly string[] = [
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '__defineGetter__',
    '',
    ' ',
    '\u0000',
  ],
  ...['tenantId', 'id', 'live', 'extra', 'a/b~c', '\ud800', '0', 'x'.repeat(5000)],
];

/** What parsers let through and databases, mails and logs stumble over. */
const NASTY = ['\u0000', '\u0000', '\ud800', '\r\nX: y', '\u2028'];

const hostileText = fc.oneof(
  fc.constantFrom(...NASTY.map((nasty) => `a${nasty}b`)),
  fc.constantFrom(...TEXTS),
  fc.string({ unit: 'binary', maxLength: 50 }),
);
const hostileValue: Arbitrary<Json> = fc.oneof(
  fc.constantFrom(...VALUES),
  hostileText,
  fc.double(),
  fc.jsonValue().map((value) => new Raw(JSON.stringify(value))),
);
const hostileName = fc.oneof(fc.constantFrom(...NAMES), fc.string({ unit: 'binary', maxLength: 20 }));

type Mutation = (json: Json) => Json;

const somewhere = fc.nat();
const at = (json: Json, place: number, change: (value: Json) => Json | undefined) =>
  changedAt(json, place % sizeOf(json), change);

/** A good text with something nasty in it, so that whatever looks at the rest is content. */
const poisoned: Arbitrary<Mutation> = fc
  .tuple(somewhere, fc.constantFrom(...NASTY))
  .map(([n, nasty]) => (json) => {
    const texts = textsIn(json);
    if (texts.length === 0) return json;
    return changedAt(json, texts[n % texts.length] as number, (value) => `${value}${nasty}`);
  });

/** One thing that is wrong with an otherwise good body. */
const mutation: Arbitrary<Mutation> = fc.oneof(
  { weight: 8, arbitrary: poisoned },
  {
    weight: 4,
    arbitrary: fc.tuple(somewhere, hostileValue).map(
      ([n, bad]): Mutation =>
        (json) =>
          at(json, n, () => bad),
    ),
  },
  {
    weight: 1,
    arbitrary: somewhere.map(
      (n): Mutation =>
        (json) =>
          at(json, n, () => undefined),
    ),
  },
  {
    weight: 1,
    arbitrary: somewhere.map(
      (n): Mutation =>
        (json) =>
          at(json, n, (value) => [value, value]),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(somewhere, hostileName, hostileValue).map(
      ([n, name, bad]): Mutation =>
        (json) =>
          at(json, n, (value) =>
            value instanceof Members ? new Members([...value.entries, [name, bad]]) : bad,
          ),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(somewhere, hostileValue).map(
      ([n, bad]): Mutation =>
        (json) =>
          at(json, n, (value) =>
            value instanceof Members
              ? new Members(
                  value.entries.flatMap(([name, v]) => [
                    [name, v],
                    [name, bad],
                  ]),
                )
              : value,
          ),
    ),
  },
);

/** Good bodies, good ones with one or two wrongs, and what is no JSON at all; as the bytes that are sent. */
export function hostileBody(good: Arbitrary<Json>): Arbitrary<Buffer> {
  const mutated = fc
    .tuple(good, fc.array(mutation, { minLength: 1, maxLength: 2 }))
    .map(([json, mutations]) => toText(mutations.reduce((tree, mutate) => mutate(tree), json)));
  const text = fc.oneof(
    { weight: 1, arbitrary: good.map(toText) },
    { weight: 8, arbitrary: mutated },
    {
      weight: 1,
      arbitrary: fc.tuple(good.map(toText), fc.nat()).map(([t, end]) => t.slice(0, end % (t.length + 1))),
    },
    { weight: 1, arbitrary: hostileValue.map(toText) },
  );
  return fc.oneof(
    { weight: 12, arbitrary: text.map((t) => Buffer.from(t)) },
    { weight: 1, arbitrary: text.map((t) => Buffer.from(`\ufeff${t}`)) },
    { weight: 1, arbitrary: text.map((t) => Buffer.from(t, 'utf16le')) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
  );
}

/** A value for a place in a URL: half of them good, the others escaped or broken. */
export function inUrl(good: Arbitrary<string>): Arbitrary<string> {
  const escaped = hostileText.filter((text) => text.length < 5000).map(percentEncode);
  const broken = fc.constantFrom(
    '%',
    '%zz',
    '%e0%a4%a',
    '%c0%80',
    '%00',
    '..',
    '.',
    '%2e%2e',
    '%2f',
    ';',
    '//',
    '',
  );
  return fc.oneof(good.map(percentEncode), escaped, broken);
}

/** Escapes everything that a request line cannot hold; `encodeURIComponent` throws for half a surrogate pair. */
export function percentEncode(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** A value for a header: what Node's client sends at all. */
export const inHeader: Arbitrary<string> = hostileText
  .filter((text) => text.length < 5000)
  .map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?'));
