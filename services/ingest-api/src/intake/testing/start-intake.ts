import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { createSendValidator, type Scope } from '@herald/contracts';
import { createApiKey, Database, findApiKeyByHash, type NewApiKeyRow } from '@herald/db';
import { newId } from '@herald/domain';
import {
  Authenticator,
  createLogger,
  createRequestTracker,
  limitKey,
  Metrics,
  newApiKey,
} from '@herald/platform';
import { createProducerConnection, DeliveryQueues, TokenBuckets, untilConnected } from '@herald/queue';
import { ingestMetrics } from '../../metrics';
import { Admission } from '../admission';
import { GroupCommit } from '../group-commit';
import { createHotHandler } from '../hot-handler';
import { RingBehind } from '../ring-behind';

export interface TestIntakeOptions {
  databaseUrl: string;
  redis: { url: string; prefix: string };
  maxBodyBytes?: number;
  maxWaiting?: number;
  targetMs?: number;
}

export interface TestIntake {
  url: string;
  db: Database;
  queues: DeliveryQueues;
  metrics: Metrics;
  stop(): Promise<void>;
}

/** The hot path on a bare HTTP server, composed of its real parts. */
export async function startTestIntake(options: TestIntakeOptions): Promise<TestIntake> {
  const db = await connect(options.databaseUrl);
  const redis = createProducerConnection(options.redis);
  redis.on('error', () => undefined);
  await untilConnected(redis, 5000);
  const queues = new DeliveryQueues(redis, options.redis.prefix, () => undefined);
  const buckets = new TokenBuckets(redis, options.redis.prefix, 2000, () => undefined);
  const logger = createLogger({ service: 'test', level: 'silent' });
  const metrics = new Metrics();
  const counted = ingestMetrics(metrics);
  const ringBehind = new RingBehind({ ring: (rings) => queues.ring(rings), metrics: counted, logger });
  const authenticator = new Authenticator({ findKeyByHash: (hash) => findApiKeyByHash(db, hash) });
  const commit = new GroupCommit({
    db,
    maxWaiting: options.maxWaiting ?? 10_000,
    onUnavailable: () => undefined,
    onAccepted: (accepted) => ringBehind.flushed(accepted),
    now: Date.now,
  });
  const hot = createHotHandler({
    intake: { validate: createSendValidator(), commit, keepKeysMs: 60_000, now: Date.now },
    track: createRequestTracker({ service: 'ingest-api', logger, metrics }),
    authenticate: (authorization) => authenticator.authenticate(authorization),
    admission: new Admission({ targetMs: options.targetMs ?? 1000 }),
    limit: (principal, res) =>
      limitKey({ take: buckets.take.bind(buckets), metrics: counted }, principal, res),
    metrics: counted,
    maxBodyBytes: options.maxBodyBytes ?? 268_435_456,
  });
  const server = createServer((req, res) => {
    if (!hot(req, res)) res.writeHead(404).end('not the hot path');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    db,
    queues,
    metrics,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await commit.drained();
      await ringBehind.drained();
      await queues.close();
      redis.disconnect();
      await db.close();
    },
  };
}

/** A database as the ingest API connects to it, but quicker to give up. */
export function connect(url: string): Promise<Database> {
  return Database.connect({
    url,
    poolSize: 10,
    statementTimeoutMs: 5000,
    connectTimeoutMs: 1000,
    applicationName: 'test',
  });
}

export interface TestKey {
  authorization: string;
  tenantId: string;
  keyId: string;
}

/** A tenant with a key that may write, unless something else is given. */
export async function newTestKey(db: Database, over: Partial<NewApiKeyRow> = {}): Promise<TestKey> {
  const tenantId = over.tenantId ?? newId(Date.now());
  await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test') ON CONFLICT DO NOTHING", [tenantId]);
  const { key, hash, hint } = newApiKey(over.live === false ? 'test' : 'live');
  const scopes: Scope[] = ['notifications:write'];
  const row = {
    id: newId(Date.now()),
    tenantId,
    name: 'test',
    hash,
    hint,
    live: true,
    scopes,
    burst: 1000,
    perSecond: 1000,
  };
  await createApiKey(db, { ...row, ...over });
  return { authorization: `Bearer ${key}`, tenantId, keyId: row.id };
}
