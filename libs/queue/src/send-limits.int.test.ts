import { useTestRedis } from '@herald/testing';
import { createProducerConnection, type RedisClient, untilConnected } from './connection';
import { type SendLeave, SendLimits } from './send-limits';

const server = useTestRedis();
let redis: RedisClient;
let limits: SendLimits;
const failures: Error[] = [];
beforeAll(async () => {
  redis = createProducerConnection(server);
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
  for (let n = 0; n < count; n += 1) leaves.push(await limits.take([{ key, limit }]));
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

it('lets in who comes a little early, on credit', async () => {
  const key = `${server.prefix}:sending:early`;
  const since = async (ms: number) => {
    const [seconds, micros] = (await redis.time()).map(Number) as [number, number];
    await redis.hset(key, 'tokens', '0', 'at', String(seconds * 1000 + Math.floor(micros / 1000) - ms));
    return (await limits.take([{ key: 'early', limit: { perSecond: 1 } }])).allowed;
  };
  expect(await since(930)).toBe(true);
  expect(Number(await redis.hget(key, 'tokens'))).toBeLessThan(0);
  expect(await since(500)).toBe(false);
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

describe('several counts', () => {
  const counted = async (key: string) =>
    Number((await redis.hget(`${server.prefix}:sending:${key}`, 'sent')) ?? 0);

  it('all have to allow a message, and one that is refused counts nowhere', async () => {
    const by = (sender: string) => [
      { key: 'f', limit: { perDay: 3 } },
      { key: `f.${sender}`, limit: { perDay: 2 } },
    ];
    const leaves = [];
    for (const sender of ['a', 'a', 'a', 'b', 'b']) leaves.push(await limits.take(by(sender)));
    expect(leaves.map(({ allowed }) => allowed)).toEqual([true, true, false, true, false]);
    expect([await counted('f'), await counted('f.a'), await counted('f.b')]).toEqual([3, 2, 1]);
  });

  it('make a message wait for the one that lets it go last', async () => {
    const by = [
      { key: 'g', limit: { perSecond: 100 } },
      { key: 'g.a', limit: { perSecond: 1 } },
    ];
    expect((await limits.take(by)).allowed).toBe(true);
    const [wait, next] = waits([await limits.take(by), await limits.take(by)]);
    expect(wait).toBeGreaterThan(500);
    expect(next).toBeGreaterThan(1500);
    expect((await limits.take([by[0]!])).allowed).toBe(true);
  });
});

it('keeps keys apart, and lets everything go while Redis is away', async () => {
  await take(3, 'd', { perSecond: 1 });
  expect((await limits.take([{ key: 'e', limit: { perSecond: 1 } }])).allowed).toBe(true);
  const gone = createProducerConnection({ url: 'redis://127.0.0.1:1' });
  gone.on('error', () => undefined);
  const seen: Error[] = [];
  const away = new SendLimits(gone, server.prefix, (error) => seen.push(error));
  expect(await away.take([{ key: 'd', limit: { perSecond: 1 } }])).toEqual({ allowed: true });
  expect(seen).toHaveLength(1);
  gone.disconnect();
});
