import { type Database, migrate } from '@herald/db';
import { type LoadCalls } from '../load/load-process';
import { Helper } from '../processes/helper';
import { type ServiceProcess } from '../processes/service-process';
import { connect, helperFile, type ServedStage, startServers, startServices } from '../stage';
import { type StopList } from '../stop-list';
import { type GrowthOptions } from './growth-options';

/** A set of services with a database of its own, on the same Postgres and Redis as the others. */
export interface House {
  name: string;
  stage: ServedStage;
  services: readonly ServiceProcess[];
  /** Stops its processes where they are, so that they take nothing from a house that is being measured. */
  pause(): void;
  resume(): void;
}

export interface Houses<N extends string> {
  houses: Record<N, House>;
  redisUrl: string;
  redisKind: string;
  /** Rejects when a service ends early. */
  failed: Promise<never>;
}

/**
 * Starts one Postgres, one Redis and a house for each name, which the databases and queues are called after. Houses that
 * are measured by turns share the machine's ups and downs, the disk and the servers' settings.
 */
export async function startHouses<N extends string>(
  names: readonly N[],
  { connections, sharedBuffersMb }: Pick<GrowthOptions, 'connections' | 'sharedBuffersMb'>,
  stops: StopList,
  settings: NodeJS.ProcessEnv = {},
): Promise<Houses<N>> {
  const { postgres, redis } = await startServers(
    stops,
    sharedBuffersMb === undefined ? {} : { shared_buffers: `${sharedBuffersMb}MB` },
  );
  const root = await connect(postgres.url);
  stops.add(() => root.close());
  const load = Helper.start<LoadCalls>('load generator', helperFile('load/load-process'));
  stops.add(() => load.stop());
  const houses = {} as Record<N, House>;
  for (const name of names) {
    await root.rows(`CREATE DATABASE ${name}`);
    const url = new URL(postgres.url);
    url.pathname = name;
    const where = {
      ...settings,
      DATABASE_URL: url.href,
      REDIS_URL: redis.url,
      REDIS_QUEUE_PREFIX: `{${name}}`,
    };
    await migrate(url.href);
    const db = await connect(url.href);
    stops.add(() => db.close());
    const services = await startServices(where, stops);
    houses[name] = houseOf(name, services, { db, load, connections, servers: { postgres, redis } });
    stops.add(() => houses[name].resume());
  }
  const all = Object.values<House>(houses).flatMap((house) => house.services);
  const failed = Promise.race(all.map((service) => service.failed));
  return { houses, redisUrl: redis.url, redisKind: redis.kind, failed };
}

interface HouseParts {
  db: Database;
  load: Helper<LoadCalls>;
  connections: number;
  servers: { postgres: { pid: number }; redis: { pid: number } };
}

function houseOf(name: string, services: readonly ServiceProcess[], parts: HouseParts): House {
  const { db, load, connections, servers } = parts;
  const [ingest, worker] = services as [ServiceProcess, ServiceProcess];
  const signal = (which: NodeJS.Signals) => {
    for (const { pid } of services) process.kill(pid, which);
  };
  return {
    name,
    services,
    stage: {
      db,
      load,
      connections,
      apiPort: ingest.port,
      workerUrl: worker.url,
      classes: [
        ...services.map(({ name: service, pid }) => ({ name: service, pid })),
        { name: 'postgres', pid: servers.postgres.pid, withChildren: true },
        { name: 'redis', pid: servers.redis.pid },
        { name: load.name, pid: load.pid },
      ],
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}
