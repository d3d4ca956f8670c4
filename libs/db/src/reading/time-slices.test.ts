import fc from 'fast-check';
import { timeSlices } from './time-slices';

const DAY = 86_400_000;
const NOW = Date.parse('2030-06-01T00:00:00Z');

describe('timeSlices', () => {
  it('begins open towards the future and grows into the past', () => {
    const slices = timeSlices({}, NOW);
    expect(slices.map(({ from }) => from)).toEqual([NOW - DAY + 1, NOW - 9 * DAY + 1, NOW - 73 * DAY + 1, 0]);
    expect(slices[0]?.to).toBe(2 ** 48 - 1);
  });

  it('is one slice for a short range and none for an impossible one', () => {
    expect(timeSlices({ from: NOW - 1000, to: NOW }, NOW)).toEqual([{ from: NOW - 1000, to: NOW }]);
    expect(timeSlices({ from: NOW, to: NOW - 1 }, NOW)).toEqual([]);
  });

  it('covers the range without gap or overlap, newest first', () => {
    const time = fc.integer({ min: 0, max: NOW + 400 * DAY });
    fc.assert(
      fc.property(fc.option(time), fc.option(time), (from, to) => {
        const slices = timeSlices({ from: from ?? undefined, to: to ?? undefined }, NOW);
        const last = slices.at(-1);
        if ((from ?? 0) > (to ?? Number.POSITIVE_INFINITY)) return expect(slices).toEqual([]);
        expect(slices[0]?.to).toBe(to ?? 2 ** 48 - 1);
        expect(last?.from).toBe(from ?? 0);
        for (const [i, slice] of slices.entries()) {
          expect(slice.from).toBeLessThanOrEqual(slice.to);
          if (i > 0) expect(slice.to).toBe((slices[i - 1]?.from as number) - 1);
        }
      }),
    );
  });
});
