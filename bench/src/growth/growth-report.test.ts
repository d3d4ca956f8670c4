import { growthReport, summariseSizes } from './growth-report';
import { type Pair, type Reading } from './measure-sizes';

const reading = (perSecond: number, p99Ms: number, postgres: number): Reading => ({
  perSecond,
  p50Ms: p99Ms / 2,
  p99Ms,
  cpu: { postgres, redis: 100 },
});
const pair = (empty: Reading, filled: Reading): Pair => ({ empty, filled });

const rounds = [
  pair(reading(1000, 10, 100), reading(900, 20, 200)),
  pair(reading(2000, 10, 100), reading(1000, 40, 500)),
  pair(reading(500, 10, 100), reading(475, 10, 100)),
].map((single) => ({ single, batch: pair(reading(1, 1, 1), reading(1, 1, 1)) }));
const bytes = { notifications: 6000, deliveries: 4000 };

it('takes ratios round by round, and the medians of them', () => {
  const [summary] = summariseSizes([{ deliveries: 10, bytes, fillSeconds: 1, rounds }]);
  expect(summary).toMatchObject({ deliveries: 10, bytesPerDelivery: 1000 });
  expect(summary?.scenarios.single).toEqual({
    emptyPerSecond: 1000,
    filledPerSecond: 900,
    throughput: { median: 0.9, lowest: 0.5, highest: 0.95 },
    p99: { median: 2, lowest: 1, highest: 4 },
    emptyP99Ms: 10,
    filledP99Ms: 20,
    cpu: { median: 1.5, lowest: 1, highest: 3 },
    postgresCpu: { median: 2, lowest: 1, highest: 5 },
  });
});

it('says whether the target is met', () => {
  const report = (share: number) => {
    const both = pair(reading(100, 1, 1), reading(100 * share, 1, 1));
    const results = [{ deliveries: 0, bytes: {}, fillSeconds: 0, rounds: [{ single: both, batch: both }] }];
    return growthReport(summariseSizes(results));
  };
  expect(report(0.9)).toMatch(/single .* yes +–$/m);
  expect(report(0.89)).toMatch(/single .* no +–$/m);
});
