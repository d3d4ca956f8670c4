import fc from 'fast-check';
import { parseRetryAfter } from './retry-after';

const now = Date.UTC(2030, 0, 1);

it.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Tue, 01 Jan 2030 00:01:30 GMT', 90_000],
  ['Mon, 31 Dec 2029 23:59:59 GMT', 0],
  ['', undefined],
  ['soon', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['99999999999', undefined],
  ['2030-01-01T00:01:00Z', undefined],
  ['Tue, 99 Jan 2030 00:01:30 GMT', undefined],
])('%j is %s ms', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected);
});

it('takes the first of several, and nothing of none', () => {
  expect(parseRetryAfter(['3', '9'], now)).toBe(3000);
  expect(parseRetryAfter([], now)).toBeUndefined();
  expect(parseRetryAfter(undefined, now)).toBeUndefined();
});

it('is never negative and never NaN', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.date({ noInvalidDate: true }).map((d) => d.toUTCString()),
      ),
      (header) => {
        const ms = parseRetryAfter(header, now);
        expect(ms === undefined || ms >= 0).toBe(true);
      },
    ),
  );
});
