import { Redis } from 'ioredis';
import { type Scenario, type Stage } from './scenario';

export const REDIS_SCENARIOS: readonly Scenario[] = [
  {
    name: 'redis-flush',
    title: 'Redis FLUSHALL, three times',
    faults: async (stage) => {
      for (let time = 0; time < 3; time += 1) {
        await stage.wait(8);
        await stage.fault(() => withRedis(stage, (redis) => redis.flushall()));
      }
    },
  },
  {
    name: 'redis-empty',
    title: 'Redis killed, away for 30 s, back with nothing',
    faults: (stage) => outage(stage, { seconds: 30, empty: true }),
  },
  {
    name: 'redis-aof',
    title: 'Redis killed, away for 10 s, back from its append-only file',
    faults: (stage) => outage(stage, { seconds: 10, empty: false }),
  },
  {
    name: 'redis-full',
    title: 'Redis refuses writes for 20 s: maxmemory reached',
    faults: (stage) =>
      refusal(
        stage,
        (redis) => redis.config('SET', 'maxmemory', '1'),
        (redis) => redis.config('SET', 'maxmemory', '0'),
      ),
  },
  {
    name: 'redis-readonly',
    title: 'Redis refuses writes for 20 s: READONLY, as a demoted primary',
    faults: (stage) =>
      refusal(
        stage,
        (redis) => redis.call('REPLICAOF', '127.0.0.1', '1'),
        (redis) => redis.call('REPLICAOF', 'NO', 'ONE'),
      ),
  },
];

async function outage(stage: Stage, { seconds, empty }: { seconds: number; empty: boolean }): Promise<void> {
  const { redis } = stage.system;
  await stage.wait(5);
  await stage.fault(async () => {
    await redis.crash();
    await stage.wait(seconds, 2000);
    await redis.start(empty);
  });
}

async function refusal(
  stage: Stage,
  begin: (redis: Redis) => Promise<unknown>,
  end: (redis: Redis) => Promise<unknown>,
): Promise<void> {
  await stage.wait(5);
  await stage.fault(async () => {
    await withRedis(stage, begin);
    await stage.wait(20, 2000);
    await withRedis(stage, end);
  });
}

async function withRedis(stage: Stage, act: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(stage.system.redis.url);
  try {
    await act(redis);
  } finally {
    redis.disconnect();
  }
}
