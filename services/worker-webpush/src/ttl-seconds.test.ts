import { LIMITS } from '@herald/contracts';
import { ttlSeconds } from './ttl-seconds';

const now = Date.UTC(2030, 0, 1);

it.each([
  [undefined, null, LIMITS.pushTtlSeconds],
  [60, null, 60],
  [0, null, 0],
  [60, 3_600_000, 60],
  [7200, 3_600_000, 3600],
  [undefined, 3_600_000, 3600],
  [60, 1999, 1],
  [60, 999, 0],
  [60, -5000, 0],
  [0, 3_600_000, 0],
])('%s seconds wanted, and %s ms until it expires: %i', (wanted, left, expected) => {
  const expiresAt = left === null ? null : new Date(now + left);
  expect(ttlSeconds({ ttlSeconds: wanted }, expiresAt, now)).toBe(expected);
});
