import { Database, findApiKey } from '@herald/db';
import {
  createLogger,
  generateEncryptionKey,
  Health,
  loadConfig,
  Metrics,
  startHttpServer,
} from '@herald/platform';
import { useTestDatabase, useTestRedis } from '@herald/testing';
import request from 'supertest';
import { AdminApiConfig } from './config';
import { startAdmin } from './start-admin';

const database = useTestDatabase();
const redis = useTestRedis();
const OPERATOR = 'Bearer operator-key-for-the-tests';

it('serves the admin API, its probes and the reference, and notes the use of keys when it stops', async () => {
  const config = loadConfig(AdminApiConfig, {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    REDIS_QUEUE_PREFIX: redis.prefix,
    HERALD_ENCRYPTION_KEYS: generateEncryptionKey('test'),
    HERALD_ADMIN_KEY: OPERATOR.slice('Bearer '.length),
  });
  const health = new Health();
  const logger = createLogger({ service: 'test', level: 'silent' });
  const openapi = { openapi: '3.1.0' };
  const admin = await startAdmin({ config, logger, metrics: new Metrics(), health, openapi });
  const server = await startHttpServer({ handler: admin.handler, host: '127.0.0.1', port: 0 });
  const http = request(server.url);
  try {
    const ready = await http.get('/readyz').expect(200);
    expect(ready.body.checks.postgres).toEqual({ ok: true });
    expect((await http.get('/openapi.json').expect(200)).body).toEqual(openapi);
    await http.post('/v1/tenants').set('authorization', OPERATOR).send({ name: 'Shop' }).expect(201);
    const key = { name: 'CI', mode: 'live', scopes: ['admin'] };
    const { body } = await http.post('/v1/api-keys').set('authorization', OPERATOR).send(key).expect(201);
    await http.get('/v1/providers').set('authorization', `Bearer ${body.key}`).expect(200);
    await http.get('/v1/providers').expect(401);
    expect((await http.get('/metrics').expect(200)).text).toContain('herald_http_requests_total');
    await server.close(1000);
    await admin.stop();
    const db = await Database.connect({ ...config.postgres, applicationName: 'test' });
    const { lastUsedAt } = (await findApiKey(db, body.tenantId, body.id)) ?? {};
    await db.close();
    expect(lastUsedAt).toEqual(expect.any(Date));
  } finally {
    await server.close(0);
  }
});

it('names what is wrong with the configuration', () => {
  const load = () => loadConfig(AdminApiConfig, { HERALD_ADMIN_KEY: 'too-short' });
  expect(load).toThrow(
    'HERALD_ADMIN_KEY: got a hidden value of 9 characters, wants a text of at least 24 characters',
  );
  expect(load).toThrow('HERALD_ENCRYPTION_KEYS: is not set');
});
