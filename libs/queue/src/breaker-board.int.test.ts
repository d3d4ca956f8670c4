import { useTestRedis } from '@herald/testing';
import { BreakerBoard } from './breaker-board';
import { createProducerConnection, type RedisClient, untilConnected } from './connection';

const server = useTestRedis();
let redis: RedisClient;
let board: BreakerBoard;
beforeAll(async () => {
  redis = createProducerConnection(server);
  await untilConnected(redis, 5000);
  board = new BreakerBoard(redis, server.prefix);
});
afterAll(() => redis.disconnect());

it('knows what is open and for how long, what is suspect, and nothing of the rest', async () => {
  await board.open('dead', 60_000);
  await board.open('tried', -1);
  const states = await board.read(['dead', 'tried', 'well']);
  expect(states.get('dead')).toEqual({ kind: 'open', forMs: expect.any(Number) });
  expect((states.get('dead') as { forMs: number }).forMs).toBeGreaterThan(30_000);
  expect([states.get('tried'), states.get('well')]).toEqual([{ kind: 'suspect' }, undefined]);
  await board.close('dead');
  expect((await board.read(['dead'])).size).toBe(0);
  expect((await board.read([])).size).toBe(0);
});

it('lets one caller at a time try', async () => {
  const tries = await Promise.all(Array.from({ length: 10 }, () => board.tryProbe('suspect')));
  expect(tries.filter(Boolean)).toHaveLength(1);
  await board.releaseProbe('suspect');
  expect(await board.tryProbe('suspect')).toBe(true);
  await board.close('suspect');
  expect(await board.tryProbe('suspect')).toBe(true);
});

it('leaves nothing for ever', async () => {
  await board.open('provider', 1000);
  await board.tryProbe('provider');
  for (const key of await redis.keys(`${server.prefix}:breaker:*`))
    expect(await redis.pttl(key)).toBeGreaterThan(0);
});
