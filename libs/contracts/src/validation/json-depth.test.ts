import fc from 'fast-check';
import { jsonDepth } from './json-depth';

/** The obvious way, good for small values. */
function depthByRecursion(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthByRecursion));
}

describe('jsonDepth', () => {
  it.each([
    [null, 0],
    ['text', 0],
    [{}, 1],
    [[], 1],
    [{ a: 1 }, 1],
    [{ a: [] }, 2],
    [[[{ a: { b: null } }]], 4],
    [{ shallow: 1, deep: { deeper: [1] } }, 3],
  ])('%j is nested %i deep', (value, depth) => {
    expect(jsonDepth(value)).toBe(depth);
  });

  it('is right for any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(jsonDepth(value)).toBe(depthByRecursion(value))));
  });

  it('takes lists of half a million items', () => {
    const items = Array.from({ length: 500_000 }, (_, index) => index);
    expect(jsonDepth(items)).toBe(1);
    expect(jsonDepth({ items: items.map((n) => [n]) })).toBe(3);
  });

  it('takes nesting that would exhaust the stack', () => {
    const levels = 100_000;
    expect(jsonDepth(JSON.parse('['.repeat(levels) + ']'.repeat(levels)))).toBe(levels);
  });
});
