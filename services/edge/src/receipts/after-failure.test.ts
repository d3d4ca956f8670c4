import { errorCode, isAbandoned, pauseAfterFailure } from './after-failure';

it('pauses longer after each failure, at most an hour, and ends', () => {
  const pauses = Array.from({ length: 13 }, (_, n) => pauseAfterFailure(n + 1));
  expect(pauses.slice(0, 8)).toEqual([1000, 4000, 16_000, 64_000, 256_000, 1_024_000, 3_600_000, 3_600_000]);
  expect(pauses.slice(11)).toEqual([undefined, undefined]);
  expect(pauses.slice(0, 11)).not.toContain(undefined);
});

it('calls abandoned only what was taken more often than failures alone would make it', () => {
  expect(isAbandoned(13)).toBe(false);
  expect(isAbandoned(41)).toBe(true);
});

it.each([
  [Object.assign(new Error('of ada@example.com'), { code: '22P02' }), '22P02'],
  [new TypeError('of ada@example.com'), 'TypeError'],
  [Object.assign(new Error(''), { code: 'ada@example.com' }), 'Error'],
  ['ada@example.com', 'unknown'],
])('tells an error by a code and never by its words', (error, code) => {
  expect(errorCode(error)).toBe(code);
});
