import { type Channel, LANES, type Lane } from '@herald/contracts';
import { Database, exposePool } from '@herald/db';
import { RETRY_POLICIES } from '@herald/domain';
import {
  Coalescer,
  createGuardedDispatcher,
  type Health,
  type Logger,
  type Metrics,
  type PostgresConfig,
  quietly,
  type RedisConfig,
} from '@herald/platform';
import {
  createProducerConnection,
  createWorkerConnection,
  DeliveryQueues,
  LaneWorker,
  type RedisClient,
  type Ring,
} from '@herald/queue';
import { BulkGovernor } from './bulk-governor';
import { type ChannelDefinition } from './channel';
import { Claimer } from './claimer';
import { DeliveryWorker } from './delivery-worker';
import { keepPauses } from './keep-pauses';
import { LeaseKeeper } from './lease-keeper';
import { deliveryMetrics } from './metrics';
import { PauseGuard } from './pause-guard';
import { type ProviderDefinition } from './provider';
import { ProviderPool, type ProviderSetting } from './provider-pool';
import { Recorder } from './recorder';
import { createRouter } from './routing/create-router';
import { type Router } from './routing/router';
import { type RetryConfig, type WorkerConfig, withOverrides } from './worker-config';

export interface ChannelWorkerOptions<C extends Channel> {
  channel: ChannelDefinition<C>;
  /** A provider that is a part of Herald is made of what the worker has. */
  definitions: readonly ProviderDefinition<C>[] | ((own: WorkerOwn) => readonly ProviderDefinition<C>[]);
  simulated: ProviderDefinition<C>;
  findSettings(db: Database, tenantId: string): Promise<ProviderSetting[]>;
  receiptUrl(publicUrl: string, providerId: string, deliveryId: string): string;
  config: { worker: WorkerConfig; retry: RetryConfig; postgres: PostgresConfig; redis: RedisConfig };
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

/** What a worker has anyway. */
export interface WorkerOwn {
  db: Database;
  redis: RedisClient;
  queuePrefix: string;
  onRedisError(error: Error): void;
}

export interface RunningChannelWorker {
  stop(deadlineMs: number): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Providers kept open at most: a tenant has one or a few per channel. */
const MAX_OPEN_PROVIDERS = 500;
/** Retries that are put in at once at most. */
const MAX_RINGS = 500;
/** Kept of the deadline for writing down what was cut off. */
const RECORD_RESERVE_MS = 3000;

/** Under which the ids of jobs that do not say their tenant wait in the fair order. */
const UNKNOWN_TENANT = '00000000-0000-0000-0000-000000000000';

/** Connects and starts working on every lane of a channel. */
export async function startChannelWorker<C extends Channel>(
  options: ChannelWorkerOptions<C>,
): Promise<RunningChannelWorker> {
  const { config, logger } = options;
  const { channel } = options.channel;
  const db = await Database.connect({
    ...config.postgres,
    applicationName: `herald-worker-${channel}`,
    genericPlans: true,
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  const producer = createProducerConnection(config.redis);
  const consumer = createWorkerConnection(config.redis);
  const onRedisError = quietly(logger, 'redis is away');
  for (const client of [producer, consumer]) client.on('error', onRedisError);
  const queues = new DeliveryQueues(producer, config.redis.queuePrefix, onRedisError);
  const leases = new LeaseKeeper(db, config.worker.leaseMs, logger);
  const { queuePrefix } = config.redis;
  const pool = createPool(options, { db, redis: producer, queuePrefix, onRedisError });
  const guard = createPauseGuard(options, { db, queues });
  producer.on('close', () => guard.doubt());
  const router = createRouter(options, { db, pool, redis: producer });
  const workers = createWorkers(options, { db, queues, leases, router, guard });
  const governor = new BulkGovernor({
    full: config.worker.bulk,
    resize: (size) => workers.bulk.resize(size),
  });
  const takers = LANES.map(
    (lane) =>
      new LaneWorker({
        connection: consumer,
        prefix: config.redis.queuePrefix,
        channel,
        lane,
        // Tickets whose deliveries are slow are held, and others must still come in.
        concurrency: 2 * config.worker[lane],
        process: () => {
          if (lane === 'critical') governor.urgent();
          return workers[lane].process();
        },
        letIn: (ids) =>
          queues.ring(ids.map((id) => ({ id, tenantId: UNKNOWN_TENANT, channel, lane }) as const)),
        onError: onRedisError,
      }),
  );
  options.health.add('postgres', () => db.ping());
  options.health.add('redis', () => queues.check());
  exposePool(options.metrics, `worker-${channel}`, db);
  return {
    stop: (deadlineMs) => {
      governor.stop();
      return stop({
        deadlineMs,
        workers,
        takers,
        leases,
        logger,
        pool,
        queues,
        clients: [producer, consumer],
        db,
      });
    },
  };
}

function createPool<C extends Channel>(options: ChannelWorkerOptions<C>, own: WorkerOwn): ProviderPool<C> {
  const { worker } = options.config;
  const { definitions } = options;
  return new ProviderPool<C>({
    channel: options.channel.channel,
    definitions: typeof definitions === 'function' ? definitions(own) : definitions,
    simulated: options.simulated,
    findSettings: (tenantId) => options.findSettings(own.db, tenantId),
    deps: {
      timeoutMs: worker.attemptTimeoutMs,
      maxConnections: worker.maxConnections,
      guardedDispatcher: createGuardedDispatcher({
        allow: worker.allowedTargets,
        connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, worker.attemptTimeoutMs),
        headersTimeoutMs: worker.attemptTimeoutMs,
        bodyTimeoutMs: worker.attemptTimeoutMs,
      }),
    },
    ttlMs: worker.providerCacheMs,
    maxOpen: MAX_OPEN_PROVIDERS,
    logger: options.logger,
  });
}

function createPauseGuard<C extends Channel>(
  { metrics, logger }: ChannelWorkerOptions<C>,
  { db, queues }: Pick<WorkerParts<C>, 'db' | 'queues'>,
): PauseGuard {
  const keeping = { db, queues, metrics: deliveryMetrics(metrics), logger };
  return new PauseGuard({
    keep: () => keepPauses(keeping),
    onUnavailable: quietly(logger, 'nothing is taken: what is paused cannot be asked'),
  });
}

interface WorkerParts<C extends Channel> {
  db: Database;
  queues: DeliveryQueues;
  leases: LeaseKeeper;
  router: Router<C>;
  guard: PauseGuard;
}

function createWorkers<C extends Channel>(
  options: ChannelWorkerOptions<C>,
  { db, queues, leases, router, guard }: WorkerParts<C>,
): Record<Lane, DeliveryWorker<C>> {
  const { config, logger } = options;
  const { edgePublicUrl } = config.worker;
  const metrics = deliveryMetrics(options.metrics);
  const { channel } = options.channel;
  // Retries of outcomes that were recorded together are put in together.
  const ringer = new Coalescer<readonly Ring[], void>(
    async (groups) => {
      await queues.ring(groups.flat());
      return groups.map(() => undefined);
    },
    { maxBatch: MAX_RINGS, maxInFlight: 2, weightOf: (rings) => rings.length },
  );
  const create = (lane: Lane) =>
    new DeliveryWorker<C>({
      // Of its own, so that what is urgent does not wait for a batch of what is not.
      claimer: new Claimer(db, config.worker.leaseMs),
      recorder: new Recorder(db, logger),
      order: guard.guard({
        take: (budget, skip) => queues.take(channel, lane, budget, skip),
        giveBack: (payloads) => queues.giveBack(channel, lane, payloads),
      }),
      concurrency: config.worker[lane],
      attempt: {
        db,
        channel: options.channel,
        retryPolicy: withOverrides(RETRY_POLICIES[options.channel.channel], config.retry),
        timeoutMs: config.worker.attemptTimeoutMs,
        route: (delivery, message) => router.route(delivery, message),
        receiptUrl: (providerId, deliveryId) =>
          edgePublicUrl && options.receiptUrl(edgePublicUrl, providerId, deliveryId),
        metrics,
        now: Date.now,
        random: Math.random,
      },
      leases,
      metrics,
      logger,
      ring: (rings) => ringer.submit(rings),
      showDead: (letters) => queues.showDead(letters),
    });
  return { critical: create('critical'), default: create('default'), bulk: create('bulk') };
}

interface Parts<C extends Channel> {
  deadlineMs: number;
  workers: Record<Lane, DeliveryWorker<C>>;
  takers: LaneWorker[];
  leases: LeaseKeeper;
  logger: Logger;
  pool: ProviderPool<C>;
  queues: DeliveryQueues;
  clients: { disconnect(): void }[];
  db: Database;
}

/** Stops taking, gives back what was not begun, waits for what was, and cuts that off shortly before the deadline. */
async function stop<C extends Channel>(parts: Parts<C>): Promise<void> {
  const patience = Math.max(0, parts.deadlineMs - RECORD_RESERVE_MS);
  for (const worker of Object.values(parts.workers)) worker.drain();
  const cut = setTimeout(() => {
    for (const worker of Object.values(parts.workers)) worker.abort();
  }, patience);
  await Promise.all(parts.takers.map((taker) => taker.close(parts.deadlineMs)));
  clearTimeout(cut);
  parts.leases.stop();
  if (parts.leases.size > 0) {
    parts.logger.error(
      { deliveries: parts.leases.size },
      'stopped with deliveries in hand: they are settled by their policy once the leases run out',
    );
  }
  await parts.pool.close();
  await parts.queues.close();
  for (const client of parts.clients) client.disconnect();
  await parts.db.close();
}
