import { median, percentile } from './statistics';

it('takes the median', () => {
  expect(median([5])).toBe(5);
  expect(median([30, 10, 20])).toBe(20);
  expect(median([100, 9, 20, 10])).toBe(15);
  expect(median([])).toBeNaN();
});

it('takes percentiles by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});
