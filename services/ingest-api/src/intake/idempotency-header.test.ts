import { ProblemError } from '@herald/platform';
import fc from 'fast-check';
import { parseIdempotencyHeader } from './idempotency-header';

const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

describe('parseIdempotencyHeader', () => {
  it.each([
    [undefined, undefined],
    ['abc', 'abc'],
    ['"abc"', 'abc'],
    ['  "abc"  ', 'abc'],
    ['"a \\"b\\" \\\\ c"', 'a "b" \\ c'],
    ['8e03978e-40d5-43e8-bc93-6894a57f9324', '8e03978e-40d5-43e8-bc93-6894a57f9324'],
    ['"not closed', '"not closed'],
    ['"', '"'],
    [['a', 'b'], 'a, b'],
  ])('%j is the key %j', (header, key) => {
    expect(parseIdempotencyHeader(header)).toBe(key);
  });

  it.each(['', '   ', '""', 'k'.repeat(256), `"${'k'.repeat(256)}"`, 'schl\u00fcssel', 'a\u0001b'])(
    'refuses %j',
    (header) => {
      expect(() => parseIdempotencyHeader(header)).toThrow(ProblemError);
    },
  );

  it('gives back whatever key was quoted as RFC 8941 says', () => {
    fc.assert(
      fc.property(printable, (key) => {
        fc.pre(key.length > 0 && key.length <= 255);
        expect(parseIdempotencyHeader(`"${key.replace(/["\\]/g, '\\$&')}"`)).toBe(key);
      }),
    );
  });

  it('is quick with long and hostile text', () => {
    const startedAt = performance.now();
    for (const text of ['"', '\\', '"\\', ' ', '\\"']) {
      expect(() => parseIdempotencyHeader(`"${text.repeat(8000)}x`)).toThrow(ProblemError);
    }
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
