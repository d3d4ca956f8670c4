import { type Channel, type ProviderEventType } from '@herald/contracts';
import { addProviderEvent, type Database } from '@herald/db';
import { type Logger, type Metrics, quietly, type RedisConfig } from '@herald/platform';
import { BreakerBoard, type RedisClient, SendLimits } from '@herald/queue';
import { deliveryMetrics } from '../metrics';
import { type ProviderPool } from '../provider-pool';
import { Breakers } from './breakers';
import { Router } from './router';

export interface RouterContext<C extends Channel> {
  channel: { channel: C };
  config: { redis: RedisConfig };
  logger: Logger;
  metrics: Metrics;
}

/** A breaker's key begins with the id of its provider; see `breakerKey`. */
const UUID_CHARS = 36;

/** The router of a channel's worker, with what it shares with other workers in Redis. */
export function createRouter<C extends Channel>(
  { channel: { channel }, config, logger, metrics }: RouterContext<C>,
  { db, pool, redis }: { db: Database; pool: ProviderPool<C>; redis: RedisClient },
): Router<C> {
  const prefix = config.redis.queuePrefix;
  const onRedisFailure = quietly(logger, 'breakers and limits of providers cannot be shared: redis is away');
  const limits = new SendLimits(redis, prefix, onRedisFailure);
  const { breakers: changes } = deliveryMetrics(metrics);
  const note = async (providerId: string, type: ProviderEventType, detail?: string) => {
    logger.warn({ providerId, type, detail }, 'a provider was moved');
    try {
      await addProviderEvent(db, { providerId, type, detail });
    } catch (error) {
      logger.warn({ err: error, providerId }, 'an event of a provider could not be noted');
    }
  };
  const breakers = new Breakers({
    board: new BreakerBoard(redis, prefix),
    onBoardFailure: onRedisFailure,
    onChange: (key, change) => {
      changes.inc({ channel, state: change.open ? 'open' : 'closed' });
      const providerId = key.slice(0, UUID_CHARS);
      if (change.open) void note(providerId, 'breaker_opened', change.code);
      else void note(providerId, 'breaker_closed');
    },
    now: Date.now,
  });
  return new Router<C>({
    providers: pool,
    breakers,
    takeLeave: (counts) => limits.take(counts),
    onMove: ({ providerId, type, detail }) => void note(providerId, type, detail),
    logger,
    now: Date.now,
    random: Math.random,
  });
}
