import { type RequestListener, type ServerResponse } from 'node:http';
import { createSendValidator, INGEST_ROUTES } from '@herald/contracts';
import { Database, exposePool, findApiKeyByHash, LastUsed } from '@herald/db';
import {
  Authenticator,
  backgroundTask,
  createHttpApp,
  createRequestTracker,
  type Health,
  type Logger,
  limitKey,
  type Metrics,
  mountRoutes,
  type Principal,
  quietly,
  rememberRoute,
  serveApiReference,
  type TenantPrincipal,
} from '@herald/platform';
import { createProducerConnection, DeliveryQueues, TokenBuckets } from '@herald/queue';
import { type IngestConfig } from './config';
import { Admission } from './intake/admission';
import { GroupCommit } from './intake/group-commit';
import { createHotHandler } from './intake/hot-handler';
import { RingBehind } from './intake/ring-behind';
import { ingestMetrics } from './metrics';
import { createReadHandlers } from './routes';

export interface IngestOptions {
  config: Pick<IngestConfig, 'http' | 'postgres' | 'redis' | 'rateLimit' | 'intake'>;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  openapi: object;
}

export interface RunningIngest {
  /** Answers everything that the ingest API serves. */
  handler: RequestListener;
  /** Finishes what was accepted; call it once no new requests come. */
  stop(): Promise<void>;
}

const LAST_USED_EVERY_MS = 30_000;

/** Connects and composes the ingest API; listening is left to the caller. */
export async function startIngest(options: IngestOptions): Promise<RunningIngest> {
  const { config, logger, health } = options;
  const db = await Database.connect({
    ...config.postgres,
    applicationName: 'herald-ingest-api',
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  const onRedisError = quietly(logger, 'redis is away');
  const redis = createProducerConnection(config.redis);
  redis.on('error', onRedisError);
  const queues = new DeliveryQueues(redis, config.redis.queuePrefix, onRedisError);
  const buckets = new TokenBuckets(redis, config.redis.queuePrefix, config.rateLimit.timeoutMs, onRedisError);
  const metrics = ingestMetrics(options.metrics);
  const lastUsed = new LastUsed(db);
  const authenticator = new Authenticator({
    findKeyByHash: (hash) => findApiKeyByHash(db, hash),
    onUsed: (keyId) => lastUsed.add(keyId),
  });
  const ringBehind = new RingBehind({ ring: (rings) => queues.ring(rings), metrics, logger });
  const commit = new GroupCommit({
    db,
    maxWaiting: config.intake.maxWaiting,
    onUnavailable: (error) =>
      logger.warn({ err: error }, 'notifications cannot be made durable: refusing them'),
    onAccepted: (accepted) => ringBehind.flushed(accepted),
    now: Date.now,
  });
  const limits = { take: buckets.take.bind(buckets), metrics };
  const limit = (principal: TenantPrincipal, res: ServerResponse) => limitKey(limits, principal, res);
  const authenticate = (authorization: string | undefined) => authenticator.authenticate(authorization);

  const app = createHttpApp({ service: 'ingest-api', ...options, trustProxy: config.http.trustProxy });
  const reads = INGEST_ROUTES.filter(
    (route) => !HOT.has(route.operationId),
  ) as unknown as readonly ReadRoute[];
  mountRoutes(app, reads, createReadHandlers({ db, queues, logger }), {
    authenticate,
    admit: (principal: Principal, _route, res) =>
      principal.kind === 'tenant' ? limit(principal, res) : undefined,
  });
  // Express never sees them, but says which methods a path has.
  for (const route of INGEST_ROUTES) if (HOT.has(route.operationId)) rememberRoute(app, route);
  serveApiReference(app, { openapi: options.openapi });
  const hot = createHotHandler({
    intake: { validate: createSendValidator(), commit, keepKeysMs: config.intake.keepKeysMs, now: Date.now },
    track: createRequestTracker({ service: 'ingest-api', ...options }),
    authenticate,
    admission: new Admission({ targetMs: config.intake.targetMs }),
    limit,
    metrics,
    maxBodyBytes: config.intake.maxBodyBytes,
  });
  // Redis is not part of readiness: without it notifications are still accepted, and delivered once it is back.
  health.add('postgres', () => db.ping());
  exposePool(options.metrics, 'ingest-api', db);
  const uses = backgroundTask('last-used', LAST_USED_EVERY_MS, () => lastUsed.flush(), { logger });
  return {
    handler: (req, res) => {
      if (!hot(req, res)) app(req, res);
    },
    stop: async () => {
      await commit.drained();
      await ringBehind.drained();
      await uses.stop();
      await lastUsed
        .flush()
        .catch((error) => logger.warn({ err: error }, 'the use of keys could not be noted'));
      await queues.close();
      redis.disconnect();
      await db.close();
    },
  };
}

/** Answered ahead of Express. */
const HOT = new Set<string>(['sendNotification', 'sendBatch']);
type ReadRoute = Exclude<(typeof INGEST_ROUTES)[number], { operationId: 'sendNotification' | 'sendBatch' }>;
