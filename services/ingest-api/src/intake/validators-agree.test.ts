import { createSendValidator, SendNotificationDto, withRecipientList } from '@herald/contracts';
import { validateDto } from '@herald/platform';
import fc from 'fast-check';
import { CORPUS } from '../../../../libs/contracts/src/validation/corpus.fixture';

const compiled = createSendValidator();

function verdicts(body: unknown) {
  const quick = compiled(body);
  const described = validateDto(SendNotificationDto, withRecipientList(body));
  return {
    quick: quick.ok || quick.errors,
    described: described.ok || described.errors,
    agree: quick.ok === described.ok,
  };
}

/** Bodies small enough to be mutated thousands of times. */
const SEEDS = CORPUS.filter(
  ({ body, wrongAt }) => wrongAt.length === 0 && JSON.stringify(body).length < 5000,
).map(({ body }) => body);

interface Place {
  parent: Record<string, unknown>;
  key: string;
}

function places(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...places(parent[key])]);
}

const KNOWN_NAMES = [
  'to',
  'content',
  'email',
  'sms',
  'webhook',
  'subject',
  'headers',
  'attachments',
  'metadata',
  'payload',
];
const INHERITED_NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];
const name = fc.oneof(fc.string(), fc.constantFrom(...KNOWN_NAMES, ...INHERITED_NAMES));
/** Through JSON text, so that `__proto__` is a field like any other. */
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: fc.constantFrom('a', '\ufe0f', '😀', '\ud83d', '\n', ' '), maxLength: 20 }),
  fc.constantFrom<unknown>(null, [], {}, '', [[]], [null], 'ada@example.com', '2030-01-31T09:30:00Z', [
    'email',
  ]),
  fc
    .tuple(name, fc.jsonValue())
    .map(([key, value]) => JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(value)}}`)),
);
interface Mutation {
  at: number;
  kind: 'delete' | 'replace' | 'add' | 'duplicate';
  name: string;
  value: unknown;
}
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom<Mutation['kind']>('delete', 'replace', 'add', 'duplicate'),
  name,
  value: json,
});

const copied = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function mutate(body: unknown, { at, kind, name: added, value }: Mutation): void {
  const all = places(body);
  const place = all[at % Math.max(all.length, 1)];
  if (!place) return;
  const { parent, key } = place;
  if (kind === 'replace') parent[key] = copied(value);
  else if (kind === 'delete') {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  } else {
    const more = copied(kind === 'add' ? value : parent[key]);
    if (Array.isArray(parent)) parent.push(more);
    else
      Object.defineProperty(parent, added, {
        value: more,
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
}

describe('the compiled schema and class-validator', () => {
  it('have a corpus worth the name', () => {
    expect(CORPUS.length).toBeGreaterThan(60);
    expect(SEEDS.length).toBeGreaterThan(10);
    expect(new Set(CORPUS.map((entry) => entry.name)).size).toBe(CORPUS.length);
  });

  it.each(CORPUS)('agree about $name', ({ body, wrongAt }) => {
    const { quick, described } = verdicts(body);
    const good = wrongAt.length === 0;
    expect([quick === true, described === true]).toEqual([good, good]);
  });

  it('agree about whatever good bodies become when they are changed', () => {
    const outcome = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...SEEDS),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (seed, mutations) => {
          const body = copied(seed);
          for (const change of mutations) mutate(body, change);
          const result = verdicts(body);
          outcome[result.quick === true ? 'taken' : 'refused'] += 1;
          expect(result).toMatchObject({ agree: true });
        },
      ),
      { numRuns: 1500 },
    );
    expect(Math.min(outcome.taken, outcome.refused)).toBeGreaterThan(100);
  });
});
