import { quarters } from './memory-samples';

it('cuts a run into quarters', () => {
  const samples = [1, 2, 3, 10, 20, 30, 7, 7, 7, 100, 300, 200];
  expect(quarters(samples)).toEqual([
    { lowest: 1, median: 2, highest: 3 },
    { lowest: 10, median: 20, highest: 30 },
    { lowest: 7, median: 7, highest: 7 },
    { lowest: 100, median: 200, highest: 300 },
  ]);
});

it('leaves no sample out when they do not divide by four', () => {
  const parts = quarters([1, 2, 3, 4, 5, 6, 7]);
  expect(parts.map(({ highest }) => highest)).toEqual([1, 3, 5, 7]);
});
