import { type RequestListener } from 'node:http';
import { Database, exposePool, type FeedHead, findTenant } from '@herald/db';
import {
  type BackgroundTask,
  backgroundTask,
  type Health,
  type Logger,
  type Metrics,
  parseEncryptionKeys,
  quietly,
  takeRequest,
  type UpgradeListener,
} from '@herald/platform';
import { createProducerConnection, FeedBell, FeedListener, feedKeyOf, TokenBuckets } from '@herald/queue';
import { createRealtimeApp } from './app';
import { recipientDoor } from './auth/recipient-door';
import { TenantDoors } from './auth/tenant-doors';
import { type RealtimeConfig } from './config';
import { ConfirmBehind } from './feed/confirm-behind';
import { feedLimit } from './feed/feed-limit';
import { feedStore } from './feed/feed-store';
import { markItems } from './feed/mark-items';
import { realtimeMetrics } from './metrics';
import { FeedHub } from './sockets/feed-hub';
import { SocketLimits } from './sockets/socket-limits';
import { SocketServer } from './sockets/socket-server';

export interface RealtimeOptions {
  config: Pick<
    RealtimeConfig,
    'crypto' | 'http' | 'postgres' | 'rateLimit' | 'redis' | 'requests' | 'sockets'
  >;
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

export interface RunningRealtime {
  /** Answers everything that the service serves over HTTP. */
  handler: RequestListener;
  /** Takes over what asks for a socket: both go to `startHttpServer`. */
  upgrade: UpgradeListener;
  /** Closes the sockets, so that their clients go elsewhere. Call it before the HTTP server closes, which waits for them. */
  closeSockets(deadlineMs: number): Promise<void>;
  /** Records what is known to have arrived and closes what it holds; call it once no new requests come. */
  stop(): Promise<void>;
}

const TICK_MS = 1000;
/** After a reconnect to Redis all feeds are looked at within this time. */
const LOOK_AGAIN_MS = 1000;
/** Connections of the pool that are left for requests. */
const SPARE_CONNECTIONS = 3;
const CONFIRM_DEADLINE_MS = 3000;

/** Connects and composes the realtime service; listening is left to the caller. */
export async function startRealtime(options: RealtimeOptions): Promise<RunningRealtime> {
  const { config, logger, health } = options;
  const db = await Database.connect({
    ...config.postgres,
    applicationName: 'herald-realtime',
    genericPlans: true,
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  const metrics = realtimeMetrics(options.metrics);
  const store = feedStore(db);
  const tenants = new TenantDoors({ find: (id) => findTenant(db, id) });
  const door = recipientDoor(parseEncryptionKeys(config.crypto.encryptionKeys), tenants);
  const confirm = new ConfirmBehind({ store, logger, metrics });
  const onRedisError = quietly(logger, 'redis is away');
  const { queuePrefix: prefix } = config.redis;
  const redis = createProducerConnection(config.redis);
  redis.on('error', onRedisError);
  const bell = new FeedBell(redis, prefix, onRedisError);
  const buckets = new TokenBuckets(redis, prefix, config.rateLimit.timeoutMs, onRedisError);
  const listener = new FeedListener({
    servers: config.redis,
    prefix,
    onRing: (key, seq) => hub.ring(key, Number(seq)),
    onReconnect: () => hub.lookAtAll(LOOK_AGAIN_MS),
    onError: onRedisError,
  });
  const hub = new FeedHub({
    store,
    bell: listener,
    metrics,
    onFailure: quietly(logger, 'a feed could not be read'),
    pollMs: config.sockets.pollMs,
    readsAtOnce: Math.max(1, config.postgres.poolSize - SPARE_CONNECTIONS),
  });
  const ring = (head: FeedHead) => {
    // The sockets here do not wait for Redis.
    hub.ring(feedKeyOf(head), Number(head.seq));
    void bell.ring([head]);
  };
  const requests = { take: buckets.take.bind(buckets), metrics };
  const limits = new SocketLimits(config.sockets);
  const sockets = new SocketServer({
    door,
    hub,
    limits,
    confirm,
    admit: async (feed) => (await takeRequest(requests, feedLimit(feed, config.requests))).allowed,
    mark: (feed, mark) => markItems({ store, ring }, feed, mark),
    config: config.sockets,
    logger,
    metrics,
    onUnavailable: quietly(logger, 'messages of sockets cannot be served'),
  });
  const handler = createRealtimeApp({
    door,
    feed: { store, confirm, ring, metrics },
    limits: requests,
    limit: config.requests,
    logger,
    metrics: options.metrics,
    health,
    trustProxy: config.http.trustProxy,
  });
  // Redis is not part of readiness: without it polls find what is new.
  health.add('postgres', () => db.ping());
  exposePool(options.metrics, 'realtime', db);
  const ticking = setInterval(() => {
    const now = performance.now();
    hub.tick(now);
    sockets.tick(now);
  }, TICK_MS);
  const doors = watchTenants({ tenants, limits, sockets, everyMs: config.sockets.pollMs, logger });
  return {
    handler,
    upgrade: sockets.upgrade,
    closeSockets: (deadlineMs) => sockets.drain(deadlineMs),
    stop: async () => {
      await sockets.drain(0);
      clearInterval(ticking);
      await doors.stop();
      await confirm.drained(CONFIRM_DEADLINE_MS);
      listener.close();
      redis.disconnect();
      await db.close();
    },
  };
}

interface WatchTenantsDeps {
  tenants: TenantDoors;
  limits: SocketLimits;
  sockets: SocketServer;
  everyMs: number;
  logger: Logger;
}

/** Sends away the recipients of tenants that are disabled while they are connected. */
function watchTenants({ tenants, limits, sockets, everyMs, logger }: WatchTenantsDeps): BackgroundTask {
  const turn = async () => {
    for (const tenantId of limits.tenants()) {
      if (!(await tenants.isOpen(tenantId))) sockets.closeTenant(tenantId);
    }
  };
  return backgroundTask('watch-tenants', everyMs, turn, { logger });
}
