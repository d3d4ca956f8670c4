import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Database, migrate } from '@herald/db';
import {
  type EmbeddedServer,
  removeEmbeddedData,
  startEmbeddedPostgres,
  startEmbeddedRedis,
} from '@herald/embedded';
import { generateEncryptionKey } from '@herald/platform';
import { type LoadCalls } from './load/load-process';
import { type BenchOptions } from './options';
import { type ProcessClass } from './processes/cpu-time';
import { Helper } from './processes/helper';
import { type ServiceProcess, startService, untilReady } from './processes/service-process';
import { type RawProducerCalls } from './raw/raw-producer';
import { type RawWorkerCalls } from './raw/raw-worker';
import { type StopList } from './stop-list';

/** Everything that runs during a benchmark. */
export interface Stage {
  db: Database;
  redisUrl: string;
  redisKind: string;
  apiPort: number;
  workerUrl: string;
  connections: number;
  load: Helper<LoadCalls>;
  rawProducer: Helper<RawProducerCalls>;
  rawWorker: Helper<RawWorkerCalls>;
  /** Whose CPU time is told apart. */
  classes: readonly ProcessClass[];
  /** Rejects when a service ends early. */
  failed: Promise<never>;
}

/** What a scenario needs of it: a set of services on a database of its own, and someone who posts. */
export type ServedStage = Pick<Stage, 'db' | 'apiPort' | 'workerUrl' | 'connections' | 'load' | 'classes'>;

/** Starts it all; what was started is in `stops` also when this rejects. */
export async function startStage(options: BenchOptions, stops: StopList): Promise<Stage> {
  const { postgres, redis } = await startServers(stops);
  await migrate(postgres.url);
  const db = await connect(postgres.url);
  stops.add(() => db.close());
  const where = { DATABASE_URL: postgres.url, REDIS_URL: redis.url };
  const services = await startServices(where, stops, options.profile);
  const helpers = {
    load: Helper.start<LoadCalls>('load generator', helperFile('load/load-process')),
    rawProducer: Helper.start<RawProducerCalls>('RAW producer', helperFile('raw/raw-producer')),
    rawWorker: Helper.start<RawWorkerCalls>('RAW worker', helperFile('raw/raw-worker')),
  };
  for (const helper of Object.values(helpers)) stops.add(() => helper.stop());
  const [ingest, worker, scheduler] = services as [ServiceProcess, ServiceProcess, ServiceProcess];
  return {
    db,
    redisUrl: redis.url,
    redisKind: redis.kind,
    apiPort: ingest.port,
    workerUrl: worker.url,
    connections: options.connections,
    ...helpers,
    classes: [
      ...[ingest, worker, scheduler].map(({ name, pid }) => ({ name, pid })),
      { name: 'postgres', pid: postgres.pid, withChildren: true },
      { name: 'redis', pid: redis.pid },
      ...Object.values(helpers).map(({ name, pid }) => ({ name, pid })),
    ],
    failed: Promise.race(services.map((service) => service.failed)),
  };
}

/** Postgres with full durability and Redis, on data folders of their own that are removed in the end. */
export async function startServers(
  stops: StopList,
  postgresSettings: Record<string, string> = {},
): Promise<{ postgres: EmbeddedServer; redis: EmbeddedServer }> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-bench-'));
  // Postgres does not run as root: the user that it runs as then has to get in.
  fs.chmodSync(folder, 0o755);
  stops.add(() => fs.rmSync(folder, { recursive: true, force: true }));
  const start = async (
    name: string,
    starter: (options: { dataDir: string }) => Promise<EmbeddedServer>,
  ): Promise<EmbeddedServer> => {
    const dataDir = path.join(folder, name);
    stops.add(() => removeEmbeddedData(dataDir));
    const server = await starter({ dataDir });
    stops.add(() => server.stop());
    return server;
  };
  const postgres = await start('postgres', (options) =>
    startEmbeddedPostgres({ ...options, durable: true, settings: postgresSettings }),
  );
  const redis = await start('redis', startEmbeddedRedis);
  return { postgres, redis };
}

export function connect(url: string): Promise<Database> {
  return Database.connect({
    url,
    poolSize: 2,
    // The tables of a month are filled and vacuumed by it, too.
    statementTimeoutMs: 1_800_000,
    connectTimeoutMs: 10_000,
    applicationName: 'herald-bench',
  });
}

/** The ingest API, the e-mail worker and the scheduler, in this order. `where` names their Postgres and Redis. */
export async function startServices(
  where: NodeJS.ProcessEnv,
  stops: StopList,
  profile?: string,
): Promise<ServiceProcess[]> {
  const env = {
    ...process.env,
    ...where,
    HERALD_ENCRYPTION_KEYS: generateEncryptionKey(),
    SHUTDOWN_DEADLINE_MS: '5000',
  };
  const services: ServiceProcess[] = [];
  for (const name of ['ingest-api', 'worker-email', 'scheduler']) {
    const service = await startService({ name, env, profile: name === 'scheduler' ? undefined : profile });
    stops.add(() => service.stop());
    services.push(service);
  }
  const failed = Promise.race(services.map((service) => service.failed));
  await Promise.race([Promise.all(services.map(untilReady)), failed]);
  return services;
}

export function helperFile(module: string): string {
  return path.join(__dirname, `${module}.js`);
}
