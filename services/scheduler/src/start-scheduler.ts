import { CHANNELS, type Channel } from '@herald/contracts';
import { Database, deleteExpiredKeys, deleteOldProviderEvents, exposePool } from '@herald/db';
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
import { ClaimPatience } from './claim-patience';
import { type TimingConfig } from './config';
import { feedRetentionMetrics, feedsTurn } from './feeds';
import { schedulerMetrics } from './metrics';
import { pausesTurn } from './pauses';
import { promoteTurn } from './promote';
import { relayTurn } from './relay';
import { partitionsTurn, retentionTurn } from './retention';
import { retentionMetrics } from './retention-metrics';
import { topTenantMetrics, topTenantsTurn } from './top-tenants';
import { webhookEventMetrics } from './webhook-event-metrics';
import { endpointHealthTurn, feedTurn } from './webhook-events';

export interface SchedulerOptions {
  config: { postgres: PostgresConfig; redis: RedisConfig; retry: RetryConfig; timing: TimingConfig };
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

const DELETE_LIMIT = 5000;
const CLEAN_EVERY_MS = 60_000;
const PARTITIONS_EVERY_MS = 300_000;
const RETENTION_EVERY_MS = 3_600_000;
const PAUSES_EVERY_MS = 2000;
const FEED_EVERY_MS = 500;
const ENDPOINT_HEALTH_EVERY_MS = 60_000;
const FEEDS_EVERY_MS = 60_000;
const TOP_TENANTS_EVERY_MS = 60_000;

/** Starts everything that happens because time passes. Several schedulers may run: rows are taken with SKIP LOCKED. */
export async function startScheduler(options: SchedulerOptions): Promise<{ stop(): Promise<void> }> {
  const { config, logger } = options;
  const db = await Database.connect({
    ...config.postgres,
    applicationName: 'herald-scheduler',
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  const onRedisError = quietly(logger, 'redis is away');
  const redis = createProducerConnection(config.redis);
  redis.on('error', onRedisError);
  const queues = new DeliveryQueues(redis, config.redis.queuePrefix, onRedisError);
  const metrics = schedulerMetrics(options.metrics);
  const relay = {
    db,
    queues,
    graceMs: config.timing.relayGraceMs,
    patience: new ClaimPatience(),
    retryPolicies: policies(config.retry),
    metrics,
    deliveryMetrics: deliveryMetrics(options.metrics),
  };
  const pauses = { db, queues, logger, metrics: relay.deliveryMetrics, schedulerMetrics: metrics };
  const { retentionDays, partitionDaysAhead } = config.timing;
  const partitions = { retentionDays, partitionDaysAhead };
  const retention = { db, logger, metrics: retentionMetrics(options.metrics), ...partitions };
  const feeds = {
    db,
    retentionDays: config.timing.feedRetentionDays,
    metrics: feedRetentionMetrics(options.metrics),
  };
  const tenants = {
    db,
    limit: config.timing.topTenants,
    metrics: topTenantMetrics(options.metrics),
    now: Date.now,
  };
  const hooks = { db, queues, logger, metrics: webhookEventMetrics(options.metrics) };
  options.health.add('postgres', () => db.ping());
  exposePool(options.metrics, 'scheduler', db);
  const every = (name: string, ms: number, turn: (signal: AbortSignal) => Promise<void>) =>
    backgroundTask(name, ms, turn, { logger });
  const tasks = [
    every('relay', config.timing.relayEveryMs, (signal) => relayTurn(relay, signal)),
    every('promote', config.timing.promoteEveryMs, (signal) => promoteTurn(relay, signal)),
    every('webhook-events', FEED_EVERY_MS, (signal) => feedTurn(hooks, signal)),
    every('endpoint-health', ENDPOINT_HEALTH_EVERY_MS, (signal) => endpointHealthTurn(hooks, signal)),
    every('pauses', PAUSES_EVERY_MS, () => pausesTurn(pauses)),
    every('feeds', FEEDS_EVERY_MS, (signal) => feedsTurn(feeds, signal)),
    ...(tenants.limit > 0 ? [every('top-tenants', TOP_TENANTS_EVERY_MS, () => topTenantsTurn(tenants))] : []),
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

async function cleanTurn(db: Database, signal: AbortSignal): Promise<void> {
  for (const clean of [deleteExpiredKeys, deleteOldProviderEvents])
    while (!signal.aborted && (await clean(db, DELETE_LIMIT)) === DELETE_LIMIT);
}

function policies(overrides: RetryConfig): Record<Channel, RetryPolicy> {
  return Object.fromEntries(
    CHANNELS.map((channel) => [channel, withOverrides(RETRY_POLICIES[channel], overrides)]),
  ) as Record<Channel, RetryPolicy>;
}
