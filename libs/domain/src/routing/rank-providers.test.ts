import fc from 'fast-check';
import { rankProviders } from './rank-providers';

const provider = fc.record({
  position: fc.integer({ min: 0, max: 3 }),
  weight: fc.integer({ min: 0, max: 100 }),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('rankProviders', () => {
  it('gives each of them once, lower positions first, and those without weight last in their position', () => {
    fc.assert(
      fc.property(fc.array(provider), fc.infiniteStream(random), (providers, numbers) => {
        const ranked = rankProviders(providers, () => numbers.next().value);
        expect(new Set(ranked)).toEqual(new Set(providers));
        expect(ranked).toHaveLength(providers.length);
        for (const [index, each] of ranked.slice(1).entries()) {
          const before = ranked[index]!;
          expect(before.position).toBeLessThanOrEqual(each.position);
          if (before.position === each.position && before.weight === 0) expect(each.weight).toBe(0);
        }
      }),
    );
  });

  it('puts each first as often as its weight says', () => {
    const providers = [10, 30, 60].map((weight) => ({ position: 0, weight }));
    let state = 1;
    // A generator of full period (Numerical Recipes), so that the test says the same every time.
    const next = () => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return state / 2 ** 32;
    };
    const first = [0, 0, 0];
    for (let n = 0; n < 20_000; n += 1) first[providers.indexOf(rankProviders(providers, next)[0]!)]! += 1;
    for (const [index, { weight }] of providers.entries())
      expect(Math.abs(first[index]! / 20_000 - weight / 100)).toBeLessThan(0.02);
  });
});
