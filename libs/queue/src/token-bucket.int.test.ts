import { until, useOwnRedis, useTestRedis } from '@herald/testing';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { createProducerConnection, type RedisClient, untilConnected } from './connection';
import { type BucketAnswer, TokenBuckets } from './token-bucket';

async function connected(url: string): Promise<RedisClient> {
  const client = createProducerConnection({ url });
  client.on('error', () => undefined);
  await untilConnected(client, 5000);
  return client;
}

const granted = (answers: BucketAnswer[]) => answers.filter((answer) => answer.allowed).length;

describe('TokenBuckets', () => {
  const server = useTestRedis();
  const clients: RedisClient[] = [];
  const failures: Error[] = [];
  let keys = 0;
  let buckets: TokenBuckets;
  let others: TokenBuckets;

  beforeAll(async () => {
    for (let n = 0; n < 2; n += 1) clients.push(await connected(server.url));
    [buckets, others] = clients.map(
      (client) => new TokenBuckets(client, server.prefix, 2000, (error) => failures.push(error)),
    ) as [TokenBuckets, TokenBuckets];
  });
  afterEach(() => expect(failures).toEqual([]));
  afterAll(() => {
    for (const client of clients) client.disconnect();
  });
  const newKey = () => {
    keys += 1;
    return `key-${keys}`;
  };

  it('grants a burst, counts down, and refuses with the time to wait', async () => {
    const limit = { burst: 3, perSecond: 0.1 };
    const key = newKey();
    const answers: BucketAnswer[] = [];
    for (let n = 0; n < 4; n += 1) answers.push(await buckets.take(key, limit));
    expect(answers).toEqual([
      { allowed: true, remaining: 2, resetSeconds: 10 },
      { allowed: true, remaining: 1, resetSeconds: 20 },
      { allowed: true, remaining: 0, resetSeconds: 30 },
      { allowed: false, remaining: 0, resetSeconds: 10 },
    ]);
  });

  it('refills at its rate, and never above its burst', async () => {
    const limit = { burst: 4, perSecond: 20 };
    const key = newKey();
    const take = () => Promise.all(Array.from({ length: 12 }, () => buckets.take(key, limit)));
    const startedAt = performance.now();
    expect(granted(await take())).toBe(4);
    const next = await until(async () => {
      const answer = await buckets.take(key, limit);
      return answer.allowed && performance.now() - startedAt;
    });
    expect(next).toBeGreaterThanOrEqual(45);
    await until(() => performance.now() - startedAt > 1000);
    expect(granted(await take())).toBe(4);
  });

  it('serves all who ask at once with one call, exactly as many as there are tokens', async () => {
    const key = newKey();
    const limit = { burst: 30, perSecond: 0.001 };
    const answers = await Promise.all(Array.from({ length: 100 }, () => buckets.take(key, limit)));
    expect(answers.map((answer) => answer.allowed)).toEqual([
      ...Array(30).fill(true),
      ...Array(70).fill(false),
    ]);
    expect(answers.slice(0, 30).map((answer) => answer.remaining)).toEqual(
      Array.from({ length: 30 }, (_, index) => 29 - index),
    );
  });

  it('grants no more over several processes and turns', async () => {
    const key = newKey();
    const limit = { burst: 50, perSecond: 0.001 };
    const answers: Promise<BucketAnswer>[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (const one of [buckets, others]) {
        for (let n = 0; n < 4; n += 1) answers.push(one.take(key, limit));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(granted(await Promise.all(answers))).toBe(50);
  });

  it('keeps keys apart and forgets those that are full', async () => {
    const limit = { burst: 1, perSecond: 0.5 };
    const [one, other] = [newKey(), newKey()];
    expect([await buckets.take(one, limit), await buckets.take(other, limit)]).toMatchObject([
      { allowed: true },
      { allowed: true },
    ]);
    const left = await (clients[0] as Redis).pttl(`${server.prefix}:limit:${one}`);
    expect(left).toBeGreaterThan(2000);
    expect(left).toBeLessThanOrEqual(3000);
  });

  it('tells sane numbers for any limit and load', async () => {
    const limit = fc.record({
      burst: fc.integer({ min: 1, max: 50 }),
      perSecond: fc.double({ min: 0.01, max: 1000, noNaN: true }),
    });
    const whole = (n: number, max: number) => Number.isInteger(n) && n >= 0 && n <= max;
    await fc.assert(
      fc.asyncProperty(limit, fc.integer({ min: 1, max: 120 }), async (any, callers) => {
        const key = newKey();
        const full = Math.ceil(any.burst / any.perSecond);
        const answers = await Promise.all(Array.from({ length: callers }, () => buckets.take(key, any)));
        const odd = answers.filter(
          ({ allowed, remaining, resetSeconds, unchecked }) =>
            unchecked ||
            !whole(remaining, any.burst - 1) ||
            !whole(resetSeconds, full) ||
            (!allowed && (remaining > 0 || resetSeconds < 1)),
        );
        expect(odd).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('TokenBuckets without Redis', () => {
  const limit = { burst: 2, perSecond: 0.001 };
  const open = { allowed: true, remaining: 2, resetSeconds: 0, unchecked: true };
  const failures: Error[] = [];
  const clients: RedisClient[] = [];
  let buckets: TokenBuckets;
  // Above the server, whose own hook stops it.
  afterAll(() => {
    for (const client of clients) client.disconnect();
  });
  const server = useOwnRedis();
  beforeAll(async () => {
    clients.push(await connected(server.url));
    buckets = new TokenBuckets(clients[0] as Redis, 'own', 150, (error) => failures.push(error));
  });

  async function timed<T>(run: () => Promise<T>): Promise<[T, number]> {
    const startedAt = performance.now();
    const result = await run();
    return [result, performance.now() - startedAt];
  }
  const checkedAgain = (key: string) =>
    until(async () => (await buckets.take(key, limit)).unchecked === undefined, {
      what: 'an answer of Redis',
    });

  it('lets through within the time-out when Redis hangs, and leaves it alone for a while', async () => {
    const admin = await connected(server.url);
    clients.push(admin);
    await admin.client('PAUSE', 900, 'ALL');
    const [answer, ms] = await timed(() => buckets.take('hangs', limit));
    expect(answer).toEqual(open);
    expect(ms).toBeLessThan(600);
    expect(failures.map((error) => error.message)).toEqual(['Redis did not answer within 150 ms']);
    const [answers, held] = await timed(() =>
      Promise.all([1, 2, 3, 4].map(() => buckets.take('hangs', limit))),
    );
    expect(answers).toEqual([open, open, open, open]);
    expect(held).toBeLessThan(50);
    expect(failures).toHaveLength(1);
    await checkedAgain('hangs-not');
  });

  it('lets through at once when Redis is gone, and checks again when it is back', async () => {
    await server.stop();
    failures.length = 0;
    const [answers, ms] = await timed(() =>
      Promise.all([1, 2, 3, 4, 5].map(() => buckets.take('gone', limit))),
    );
    expect(answers).toEqual([open, open, open, open, open]);
    expect(ms).toBeLessThan(500);
    expect(failures.length).toBe(1);
    await server.restart();
    await checkedAgain('back');
    expect(granted(await Promise.all([1, 2, 3, 4].map(() => buckets.take('fresh', limit))))).toBe(2);
  }, 30_000);
});
