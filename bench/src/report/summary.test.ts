import { type Machine } from './machine';
import { type Measured, ratioOf, summarise } from './summary';

const raw = (perSecond: number) => ({ jobs: 1000, perSecond, seconds: 1 });
const measured = (before: number, perSecond: number, after: number, p50Ms = 1, p99Ms = 2): Measured => ({
  before: raw(before),
  run: { notifications: 1000, perSecond, seconds: 1 },
  after: raw(after),
  latency: {
    ...{ p50Ms, p99Ms, maxMs: p99Ms, perSecond: perSecond / 2 },
    ...{ answerP50Ms: 0, answerP99Ms: 0, answerMaxMs: 0, longestGapMs: 0 },
  },
});
const machine = { cpu: 'test' } as Machine;

it('compares a run with the mean of its probes', () => {
  expect(ratioOf(measured(8000, 15_000, 12_000))).toBe(1.5);
});

it('reports medians, ratios round by round', () => {
  const rounds = [
    { single: measured(10_000, 10_000, 10_000, 5, 50), batch: measured(10_000, 20_000, 10_000, 9, 90) },
    { single: measured(5000, 6000, 5000, 6, 60), batch: measured(5000, 15_000, 5000, 8, 80) },
    { single: measured(1000, 3000, 1000, 7, 70), batch: measured(1000, 2500, 1000, 7, 70) },
  ];
  expect(summarise(rounds, machine)).toEqual({
    raw: 5000,
    single: { perSecond: 6000, ratio: 1.2, p50Ms: 6, p99Ms: 60 },
    batch: { perSecond: 15_000, ratio: 2.5, p50Ms: 8, p99Ms: 80 },
    machine,
  });
});

it('counts a probe between two runs once', () => {
  const [first, shared, last] = [raw(1000), raw(9000), raw(2000)];
  const single = { ...measured(0, 100, 0), before: first, after: shared };
  const batch = { ...measured(0, 100, 0), before: shared, after: last };
  expect(summarise([{ single, batch }], machine).raw).toBe(2000);
});

it('leaves out what was not run', () => {
  expect(summarise([{ batch: measured(1, 1, 1) }], machine)).not.toHaveProperty('single');
});
