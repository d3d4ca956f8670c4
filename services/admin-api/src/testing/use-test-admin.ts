import { type Scope } from '@herald/contracts';
import { Database, findApiKeyByHash } from '@herald/db';
import {
  Authenticator,
  createLogger,
  type EncryptionKey,
  generateEncryptionKey,
  Health,
  Metrics,
  parseEncryptionKeys,
  SecretBox,
} from '@herald/platform';
import { createProducerConnection, DeliveryQueues, TokenBuckets, untilConnected } from '@herald/queue';
import { useTestDatabase, useTestRedis } from '@herald/testing';
import { type Express } from 'express';
import request, { type Test } from 'supertest';
import { createAdminApp } from '../app';

export const OPERATOR_KEY = 'operator-key-for-the-tests';
const CACHE_TTL_MS = 200;

/** Requests with one key. */
export interface Caller {
  get(path: string): Test;
  post(path: string, body?: object): Test;
  patch(path: string, body: object): Test;
  delete(path: string): Test;
}

export interface TestAdmin {
  app: Express;
  db: Database;
  queues: DeliveryQueues;
  box: SecretBox;
  keys: readonly EncryptionKey[];
  metrics: Metrics;
  operator: Caller;
  as(key: string): Caller;
  /** A tenant and a caller with an admin key of it. */
  newTenant(name?: string): Promise<{ id: string; admin: Caller }>;
  newKey(tenantId: string, scopes: Scope[], mode?: 'live' | 'test'): Promise<{ id: string; key: string }>;
}

/** The admin API on a database and a Redis prefix of the test file's own. `redisUrl` replaces the common Redis. */
export function useTestAdmin({ redisUrl }: { redisUrl?: string } = {}): TestAdmin {
  const database = useTestDatabase();
  const redis = useTestRedis();
  const admin = {} as TestAdmin;
  let close = async () => {};
  beforeAll(async () => {
    const db = await Database.connect({
      url: database.url,
      poolSize: 10,
      statementTimeoutMs: 20_000,
      connectTimeoutMs: 5000,
      applicationName: 'test',
    });
    const connection = createProducerConnection({ url: redisUrl ?? redis.url });
    connection.on('error', () => undefined);
    const queues = new DeliveryQueues(connection, redis.prefix, () => undefined);
    close = async () => {
      await queues.close();
      connection.disconnect();
      await db.close();
    };
    if (!redisUrl) await untilConnected(connection, 5000);
    const buckets = new TokenBuckets(connection, redis.prefix, 2000, () => undefined);
    Object.assign(admin, compose(db, queues, buckets));
  });
  afterAll(() => close());
  return admin;
}

function compose(db: Database, queues: DeliveryQueues, buckets: TokenBuckets): TestAdmin {
  const keys = parseEncryptionKeys(generateEncryptionKey('test'));
  const box = new SecretBox(keys);
  const metrics = new Metrics();
  const authenticator = new Authenticator({
    findKeyByHash: (hash) => findApiKeyByHash(db, hash),
    operatorKey: OPERATOR_KEY,
    cacheTtlMs: CACHE_TTL_MS,
  });
  const logger = createLogger({ service: 'test', level: 'silent' });
  const app = createAdminApp({
    db,
    queues,
    buckets,
    box,
    keys,
    authenticator,
    logger,
    metrics,
    health: new Health(),
  });
  const as = (key: string) => caller(app, key);
  const operator = as(OPERATOR_KEY);
  const newKey = async (tenantId: string, scopes: Scope[], mode = 'live') => {
    const body = { tenantId, name: 'Test', mode, scopes };
    const answer = await operator.post('/v1/api-keys', body).expect(201);
    return answer.body as { id: string; key: string };
  };
  const newTenant = async (name = 'Test') => {
    const { body } = await operator.post('/v1/tenants', { name }).expect(201);
    return { id: body.id as string, admin: as((await newKey(body.id, ['admin'])).key) };
  };
  return { app, db, queues, box, keys, metrics, operator, as, newKey, newTenant };
}

function caller(app: Express, key: string): Caller {
  const authorised = (test: Test) => test.set('authorization', `Bearer ${key}`);
  return {
    get: (path) => authorised(request(app).get(path)),
    post: (path, body) => authorised(request(app).post(path)).send(body),
    patch: (path, body) => authorised(request(app).patch(path)).send(body),
    delete: (path) => authorised(request(app).delete(path)),
  };
}
