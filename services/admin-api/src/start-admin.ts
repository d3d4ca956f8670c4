import { type RequestListener } from 'node:http';
import { Database, exposePool, findApiKeyByHash, LastUsed } from '@herald/db';
import {
  Authenticator,
  type BackgroundTask,
  backgroundTask,
  type Health,
  type Logger,
  type Metrics,
  parseEncryptionKeys,
  quietly,
  SecretBox,
} from '@herald/platform';
import { createProducerConnection, DeliveryQueues, TokenBuckets } from '@herald/queue';
import { createAdminApp } from './app';
import { type AdminApiConfig } from './config';

export interface AdminOptions {
  config: Pick<AdminApiConfig, 'adminKey' | 'crypto' | 'http' | 'postgres' | 'rateLimit' | 'redis'>;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  openapi?: object;
}

export interface RunningAdmin {
  /** Answers everything that the admin API serves. */
  handler: RequestListener;
  /** Closes what it holds; call it once no new requests come. */
  stop(): Promise<void>;
}

const LAST_USED_EVERY_MS = 30_000;

/** Connects and composes the admin API; listening is left to the caller. */
export async function startAdmin(options: AdminOptions): Promise<RunningAdmin> {
  const { config, logger, health } = options;
  const db = await Database.connect({
    ...config.postgres,
    applicationName: 'herald-admin-api',
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  const onRedisError = quietly(logger, 'redis is away');
  const redis = createProducerConnection(config.redis);
  redis.on('error', onRedisError);
  const queues = new DeliveryQueues(redis, config.redis.queuePrefix, onRedisError);
  const buckets = new TokenBuckets(redis, config.redis.queuePrefix, config.rateLimit.timeoutMs, onRedisError);
  const lastUsed = new LastUsed(db);
  const authenticator = new Authenticator({
    findKeyByHash: (hash) => findApiKeyByHash(db, hash),
    operatorKey: config.adminKey,
    onUsed: (keyId) => lastUsed.add(keyId),
  });
  const keys = parseEncryptionKeys(config.crypto.encryptionKeys);
  const box = new SecretBox(keys);
  const { trustProxy } = config.http;
  const handler = createAdminApp({ ...options, db, queues, buckets, box, keys, authenticator, trustProxy });
  // Redis is not part of readiness: without it everything works but the channels' pages, and the relay rings.
  health.add('postgres', () => db.ping());
  exposePool(options.metrics, 'admin-api', db);
  const uses = backgroundTask('last-used', LAST_USED_EVERY_MS, () => lastUsed.flush(), { logger });
  return {
    handler,
    stop: async () => {
      await finishUses(uses, lastUsed, logger);
      await queues.close();
      redis.disconnect();
      await db.close();
    },
  };
}

async function finishUses(uses: BackgroundTask, lastUsed: LastUsed, logger: Logger): Promise<void> {
  await uses.stop();
  await lastUsed.flush().catch((error) => logger.warn({ err: error }, 'the use of keys could not be noted'));
}
