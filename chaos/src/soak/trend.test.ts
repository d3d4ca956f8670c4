import { trendsOf } from './trend';

const samples = (value: (at: number) => number) =>
  Array.from({ length: 100 }, (_, at) => ({ at, values: { x: value(at) } }));
const rises = (value: (at: number) => number) => trendsOf(samples(value))[0]?.rising;

describe('trendsOf', () => {
  it('sees a leak', () => {
    expect(rises((at) => 100 + at)).toBe(true);
  });

  it('forgives a warm-up, noise and small numbers', () => {
    expect(rises((at) => (at < 40 ? 100 + at : 140))).toBe(false);
    expect(rises((at) => 100 + (at % 7) * 5)).toBe(false);
    expect(rises((at) => 20 + at / 20)).toBe(false);
  });
});
