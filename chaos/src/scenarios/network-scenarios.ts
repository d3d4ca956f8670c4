import { type ProxyPair } from '../system/start-system';
import { type TcpProxy, type Weather } from '../system/tcp-proxy';
import { type Scenario, type Stage } from './scenario';

const FAIR: Weather = { type: 'fair' };

export const NETWORK_SCENARIOS: readonly Scenario[] = [
  {
    name: 'net-cut',
    title: 'half of the services cut off from Postgres, then from Redis, then all from both, 10 s each',
    system: { proxied: true },
    faults: async (stage) => {
      const { postgres, redis } = proxies(stage);
      const everywhere = [postgres.first, postgres.second, redis.first, redis.second];
      for (const cut of [[postgres.first], [redis.second], everywhere]) {
        await under(stage, cut, { type: 'cut' }, 10);
      }
    },
  },
  {
    name: 'net-black-hole',
    title: 'packets of half of the services to Postgres, then to Redis, vanish for 15 s',
    system: { proxied: true },
    faults: async (stage) => {
      const { postgres, redis } = proxies(stage);
      for (const lost of [[postgres.first], [redis.second]]) {
        await under(stage, lost, { type: 'black-hole' }, 15, 7000);
      }
    },
  },
  {
    name: 'net-slow',
    title: 'Postgres and Redis answer 500 ms later for 20 s',
    system: { proxied: true },
    faults: async (stage) => {
      const { postgres, redis } = proxies(stage);
      // Half on the way there and half on the way back.
      const slow = [postgres.first, postgres.second, redis.first, redis.second];
      await under(stage, slow, { type: 'slow', ms: 250 }, 20, 4000);
    },
  },
  {
    name: 'net-reset',
    title: 'connections to Postgres and Redis reset at random for 30 s',
    system: { proxied: true },
    faults: async (stage) => {
      const { postgres, redis } = proxies(stage);
      const shaky = [postgres.first, postgres.second, redis.first, redis.second];
      await under(stage, shaky, { type: 'resets', probability: 0.01 }, 30, 4000);
    },
  },
];

async function under(
  stage: Stage,
  affected: readonly TcpProxy[],
  weather: Weather,
  seconds: number,
  atLeastMs = 2000,
): Promise<void> {
  await stage.wait(4);
  await stage.fault(async () => {
    for (const proxy of affected) proxy.set(weather);
    await stage.wait(seconds, atLeastMs);
    for (const proxy of affected) proxy.set(FAIR);
  });
}

function proxies({ system }: Stage): { postgres: ProxyPair; redis: ProxyPair } {
  if (!system.proxies) throw new Error('The system runs without proxies');
  return system.proxies;
}
