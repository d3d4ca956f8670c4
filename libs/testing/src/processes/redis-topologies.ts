import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { installedRedis } from '@herald/embedded';
import { Redis } from 'ioredis';
import { until } from '../until';
import { atExit } from './at-exit';
import { freePorts } from './free-ports';
import { newDataDir } from './new-data-dir';

/** Several Redis servers that look after each other. */
export interface RedisTopology {
  /** For `REDIS_URL`. */
  url: string;
  mode: 'sentinel' | 'cluster';
  /** For `REDIS_SENTINEL_NAME`. */
  sentinelName?: string;
  /** The port of the primary that has the key now. */
  primaryOf(key: string): Promise<number>;
  /** Ends that primary as a crash would and waits until another server has taken over. */
  failOver(key: string): Promise<void>;
  /** The primary becomes a replica in order, as an operator makes it, and keeps its connections. */
  demote(key: string): Promise<void>;
  /** Breaks the connections of all who listen. */
  endSubscriptions(): Promise<void>;
  remove(): Promise<void>;
}

/** How long a server may be silent before the others call it dead. */
const SILENCE_MS = 1000;
const PASSWORD = 'topology';
const SENTINEL_NAME = 'herald-primary';
const SLOTS = 16_384;
/** Three primaries and a replica of each. */
const CLUSTER_SIZE = 6;

/** They need a Redis or Valkey that is installed: the one in WebAssembly is alone. */
export function canStartRedisTopologies(): boolean {
  return installedRedis() !== undefined;
}

/** A Redis Cluster of three primaries, each with a replica. */
export async function startRedisCluster(): Promise<RedisTopology> {
  // By default they talk on ports 10,000 above their own, where systems take those for outgoing connections.
  const busPortOf = (port: number) => port + CLUSTER_SIZE;
  const farm = await startFarm(CLUSTER_SIZE, (port) => [
    ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(SILENCE_MS)],
    ...['--cluster-port', String(busPortOf(port))],
    // A replica that was just made is as good as any.
    ...['--cluster-replica-validity-factor', '0', '--requirepass', PASSWORD, '--masterauth', PASSWORD],
  ]);
  const [first, ...others] = farm.ports as [number, ...number[]];
  await farm.ask(first, async (redis) => {
    for (const port of others) await redis.call('CLUSTER', 'MEET', '127.0.0.1', port, busPortOf(port));
  });
  const share = Math.ceil(SLOTS / 3);
  for (const [index, port] of farm.ports.slice(0, 3).entries()) {
    const last = Math.min(SLOTS, (index + 1) * share) - 1;
    await farm.ask(port, (redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', index * share, last));
  }
  for (const [index, port] of farm.ports.slice(3).entries()) {
    const primary = farm.ports[index] as number;
    const id = await farm.ask(primary, (redis) => redis.call('CLUSTER', 'MYID'));
    await untilDone(() => farm.ask(port, (redis) => redis.call('CLUSTER', 'REPLICATE', String(id))));
  }
  const primaryOf = async (key: string) => {
    for (const port of farm.running()) {
      const found = await farm.ask(port, async (redis) => {
        const slot = Number(await redis.call('CLUSTER', 'KEYSLOT', key));
        const ranges = (await redis.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
        return ranges.find(([from, to]) => slot >= from && slot <= to)?.[2][1];
      });
      if (found !== undefined && farm.running().includes(found)) return found;
    }
    throw new Error('No running primary has the slot');
  };
  const settled = async () => {
    const infos = await Promise.all(
      farm.running().map((port) => farm.ask(port, (redis) => redis.call('CLUSTER', 'INFO'))),
    );
    return infos.every((info) => String(info).includes('cluster_state:ok'));
  };
  await until(settled, { timeoutMs: 30_000, what: 'the cluster to be formed' });
  await Promise.all(farm.ports.slice(3).map((port) => farm.untilInSync(port)));
  const change = async (key: string, act: (primary: number) => Promise<void>) => {
    const primary = await primaryOf(key);
    await act(primary);
    await untilDone(async () => {
      if ((await primaryOf(key)) === primary) throw new Error('not yet');
    });
    await until(settled, { timeoutMs: 30_000, what: 'the cluster to be whole' });
  };
  return {
    url: farm.ports
      .slice(0, 3)
      .map((port) => `redis://:${PASSWORD}@127.0.0.1:${port}`)
      .join(),
    mode: 'cluster',
    primaryOf,
    failOver: async (key) => {
      await change(key, (primary) => farm.kill(primary));
    },
    demote: async (key) => {
      await change(key, async (primary) => {
        const replica = farm.ports[(farm.ports.indexOf(primary) + 3) % CLUSTER_SIZE] as number;
        await farm.ask(replica, (redis) => redis.call('CLUSTER', 'FAILOVER'));
      });
    },
    endSubscriptions: () => farm.endSubscriptions(),
    remove: () => farm.remove(),
  };
}

/** A primary and two replicas, and three Sentinels that watch them. */
export async function startSentinels(): Promise<RedisTopology> {
  const farm = await startFarm(3, (port, first) => [
    ...['--requirepass', PASSWORD, '--masterauth', PASSWORD],
    ...(port === first ? [] : ['--replicaof', `127.0.0.1 ${first}`]),
  ]);
  const [first] = farm.ports as [number];
  await Promise.all(farm.ports.slice(1).map((port) => farm.untilInSync(port)));
  const guards = await startFarm(
    3,
    () => ['--sentinel'],
    (port) =>
      [
        `port ${port}`,
        'bind 127.0.0.1',
        `sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${first} 2`,
        `sentinel auth-pass ${SENTINEL_NAME} ${PASSWORD}`,
        `sentinel down-after-milliseconds ${SENTINEL_NAME} ${SILENCE_MS}`,
        `sentinel failover-timeout ${SENTINEL_NAME} 2000`,
        '',
      ].join('\n'),
  );
  const askGuard = (command: string) =>
    guards.ask(guards.ports[0] as number, (redis) => redis.call('SENTINEL', command, SENTINEL_NAME));
  await until(async () => ((await askGuard('sentinels')) as unknown[]).length === 2, {
    timeoutMs: 30_000,
    what: 'the Sentinels to know each other',
  });
  await until(async () => ((await askGuard('replicas')) as unknown[]).length === 2, {
    timeoutMs: 30_000,
    what: 'the Sentinels to know the replicas',
  });
  const primaryOf = async () => Number(((await askGuard('get-master-addr-by-name')) as [string, string])[1]);
  const untilOther = async (primary: number) => {
    await until(async () => (await primaryOf()) !== primary, {
      timeoutMs: 30_000,
      what: 'the Sentinels to name another primary',
    });
    await untilDone(async () => {
      const role = await farm.ask(await primaryOf(), (redis) => redis.call('ROLE'));
      if ((role as string[])[0] !== 'master') throw new Error('not yet');
    });
  };
  return {
    url: guards.ports.map((port) => `redis://:${PASSWORD}@127.0.0.1:${port}`).join(),
    mode: 'sentinel',
    sentinelName: SENTINEL_NAME,
    primaryOf,
    failOver: async () => {
      const primary = await primaryOf();
      await farm.kill(primary);
      await untilOther(primary);
    },
    demote: async () => {
      const primary = await primaryOf();
      await untilDone(() => askGuard('failover'));
      await untilOther(primary);
    },
    endSubscriptions: () => farm.endSubscriptions(),
    remove: async () => {
      await guards.remove();
      await farm.remove();
    },
  };
}

interface Farm {
  ports: number[];
  running(): number[];
  ask<T>(port: number, question: (redis: Redis) => Promise<T>): Promise<T>;
  untilInSync(port: number): Promise<void>;
  kill(port: number): Promise<void>;
  endSubscriptions(): Promise<void>;
  remove(): Promise<void>;
}

/** Starts `count` servers on ports in a row, each in a folder of its own; as many ports after them are free, too. */
async function startFarm(
  count: number,
  argsOf: (port: number, first: number) => string[],
  fileOf?: (port: number) => string,
): Promise<Farm> {
  const folder = newDataDir();
  const first = await freePorts(2 * count);
  const ports = Array.from({ length: count }, (_, n) => first + n);
  const servers = new Map<number, ChildProcess>();
  for (const port of ports) {
    const dir = path.join(folder, String(port));
    fs.mkdirSync(dir);
    servers.set(port, startServer(dir, port, argsOf(port, first), fileOf?.(port)));
  }
  const forget = atExit(() => {
    for (const server of servers.values()) server.kill('SIGKILL');
  });
  const kill = async (port: number) => {
    const server = servers.get(port) as ChildProcess;
    servers.delete(port);
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  const ask = async <T>(port: number, question: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis({
      host: '127.0.0.1',
      port,
      // Sentinels have none, and say so in a warning that nobody needs.
      ...(fileOf ? {} : { password: PASSWORD }),
      retryStrategy: () => null,
      connectTimeout: 1000,
      commandTimeout: 3000,
    });
    redis.on('error', () => undefined);
    try {
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  };
  await Promise.all(ports.map((port) => untilDone(() => ask(port, (redis) => redis.ping()))));
  return {
    ports,
    running: () => [...servers.keys()],
    ask,
    untilInSync: (port) =>
      until(
        async () => (await ask(port, (redis) => redis.info('replication'))).includes('master_link_status:up'),
        {
          timeoutMs: 30_000,
          what: 'a replica to be in sync',
        },
      ).then(() => undefined),
    kill,
    endSubscriptions: async () => {
      for (const port of servers.keys())
        await ask(port, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    },
    remove: async () => {
      await Promise.all([...servers.keys()].map(kill));
      forget();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startServer(dir: string, port: number, args: readonly string[], file?: string): ChildProcess {
  const flags = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const config = path.join(dir, 'server.conf');
  if (file !== undefined) fs.writeFileSync(config, file);
  const command = installedRedis() as string;
  return spawn(command, file === undefined ? [...flags, ...args] : [config, ...args], { stdio: 'ignore' });
}

async function untilDone(act: () => Promise<unknown>): Promise<void> {
  await until(
    () =>
      act().then(
        () => true,
        () => false,
      ),
    { timeoutMs: 30_000, everyMs: 100, what: 'Redis servers to agree' },
  );
}
