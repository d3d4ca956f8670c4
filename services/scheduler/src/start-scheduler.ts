import { CHANNELS, type Channel } from '@herald/contracts';
import { Database, deleteExpiredKeys, exposePool, promoteScheduled } from '@herald/db';
import { deliveryMetrics, type RetryConfig, withOverrides } from '@herald/delivery';
import { RETRY_POLICIES, type RetryPolicy } from '@herald/domain';
import {
  backgroundTask,
  type Health,
  type Logger,
  type Metrics,
  type PostgresConfig,
  quietly,
  type RedisConfig,
} from '@herald/platform';
import { createProducerConnection, DeliveryQueues } from '@herald/queue';
import { type TimingConfig } from './config';
import { schedulerMetrics } from './metrics';
import { relayTurn } from './relay';
import { partitionsTurn, retentionTurn } from './retention';
import { retentionMetrics } from './retention-metrics';

export interface SchedulerOptions {
  config: { postgres: PostgresConfig; redis: RedisConfig; retry: RetryConfig; timing: TimingConfig };
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

const PROMOTE_LIMIT = 2000;
const DELETE_LIMIT = 5000;
const CLEAN_EVERY_MS = 60_000;
const PARTITIONS_EVERY_MS = 300_000;
const RETENTION_EVERY_MS = 3_600_000;

/** Starts everything that happens because time passes. Several schedulers may run: rows are taken with SKIP LOCKED. */
export async function startScheduler(options: SchedulerOptions): Promise<{ stop(): Promise<void> }> {
  const { config, logger } = options;
  const db = await Database.connect({
    ...config.postgres,
    applicationName: 'herald-scheduler',
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  const onRedisError = quietly(logger, 'redis is away');
  const redis = createProducerConnection(config.redis.url);
  redis.on('error', onRedisError);
  const queues = new DeliveryQueues(redis, config.redis.queuePrefix, onRedisError);
  const metrics = schedulerMetrics(options.metrics);
  const relay = {
    db,
    queues,
    graceMs: config.timing.relayGraceMs,
    retryPolicies: policies(config.retry),
    metrics,
    deliveryMetrics: deliveryMetrics(options.metrics),
  };
  const { retentionDays, partitionDaysAhead } = config.timing;
  const partitions = { retentionDays, partitionDaysAhead };
  const retention = { db, logger, metrics: retentionMetrics(options.metrics), ...partitions };
  options.health.add('postgres', () => db.ping());
  exposePool(options.metrics, 'scheduler', db);
  const every = (name: string, ms: number, turn: (signal: AbortSignal) => Promise<void>) =>
    backgroundTask(name, ms, turn, { logger });
  const tasks = [
    every('relay', config.timing.relayEveryMs, (signal) => relayTurn(relay, signal)),
    every('promote', config.timing.promoteEveryMs, (signal) => promoteTurn(relay, signal)),
    every('expired-keys', CLEAN_EVERY_MS, (signal) => cleanTurn(db, signal)),
    every('partitions', PARTITIONS_EVERY_MS, (signal) => partitionsTurn(retention, signal)),
    every('retention', RETENTION_EVERY_MS, (signal) => retentionTurn(retention, signal)),
  ];
  return {
    stop: async () => {
      await Promise.all(tasks.map((task) => task.stop()));
      await queues.close();
      redis.disconnect();
      await db.close();
    },
  };
}

/** Rings for scheduled deliveries whose time has come, until none is left. */
async function promoteTurn(
  {
    db,
    queues,
    metrics,
  }: { db: Database; queues: DeliveryQueues; metrics: ReturnType<typeof schedulerMetrics> },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && queues.available) {
    const due = await promoteScheduled(db, PROMOTE_LIMIT);
    if (due.length === 0) return;
    for (const { channel, lane } of due) metrics.promoted.inc({ channel, lane });
    await queues.ring(due);
    if (due.length < PROMOTE_LIMIT) return;
  }
}

async function cleanTurn(db: Database, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await deleteExpiredKeys(db, DELETE_LIMIT)) === DELETE_LIMIT);
}

function policies(overrides: RetryConfig): Record<Channel, RetryPolicy> {
  return Object.fromEntries(
    CHANNELS.map((channel) => [channel, withOverrides(RETRY_POLICIES[channel], overrides)]),
  ) as Record<Channel, RetryPolicy>;
}
