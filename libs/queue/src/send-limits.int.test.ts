import { useTestRedis } from '@herald/testing';
import { type Redis } from 'ioredis';
import { createProducerConnection, untilConnected } from './connection';
import { type SendLeave, SendLimits } from './send-limits';

const server = useTestRedis();
let redis: Redis;
let limits: SendLimits;
const failures: Error[] = [];
beforeAll(async () => {
  redis = createProducerConnection(server.url);
  await untilConnected(redis, 5000);
  limits = new SendLimits(redis, server.prefix, (error) => failures.push(error));
});
afterAll(() => redis.disconnect());
afterEach(() => expect(failures.splice(0)).toEqual([]));

const waits = (leaves: readonly SendLeave[]) =>
  leaves.flatMap((leave) => (leave.allowed ? [] : [leave.waitMs]));
async function take(
  count: number,
  key: string,
  limit: { perSecond?: number; perDay?: number },
): Promise<SendLeave[]> {
  const leaves = [];
  for (let n = 0; n < count; n += 1) leaves.push(await limits.take(key, limit));
  return leaves;
}

it('lets a second go at once and gives the others turns of their own at the rate', async () => {
  const leaves = await take(25, 'a', { perSecond: 5 });
  const later = waits(leaves);
  expect(leaves.slice(0, 5).every(({ allowed }) => allowed)).toBe(true);
  expect(later.length).toBeGreaterThan(15);
  // Each comes a fifth of a second after the one before, by the clock of Redis that goes on meanwhile.
  for (const [index, wait] of later.slice(1).entries()) {
    expect(wait).toBeGreaterThan(later[index]! - 100);
    expect(wait - later[index]!).toBeLessThanOrEqual(201);
  }
  expect(later.at(-1)).toBeGreaterThan(later.length * 200 - 1500);
});

it('counts a day, and refuses until midnight', async () => {
  const leaves = await take(4, 'b', { perDay: 3 });
  const [wait] = waits(leaves);
  expect(leaves.map(({ allowed }) => allowed)).toEqual([true, true, true, false]);
  const midnight = 86_400_000 - (Date.now() % 86_400_000);
  expect(Math.abs(wait! - midnight)).toBeLessThan(60_000);
});

it('does not count against the day what the second refuses', async () => {
  await take(10, 'c', { perSecond: 1, perDay: 100 });
  expect(Number(await redis.hget(`${server.prefix}:sending:c`, 'sent'))).toBeLessThan(10);
});

it('keeps keys apart, and lets everything go while Redis is away', async () => {
  await take(3, 'd', { perSecond: 1 });
  expect((await limits.take('e', { perSecond: 1 })).allowed).toBe(true);
  const gone = createProducerConnection('redis://127.0.0.1:1');
  gone.on('error', () => undefined);
  const seen: Error[] = [];
  const away = new SendLimits(gone, server.prefix, (error) => seen.push(error));
  expect(await away.take('d', { perSecond: 1 })).toEqual({ allowed: true });
  expect(seen).toHaveLength(1);
  gone.disconnect();
});
