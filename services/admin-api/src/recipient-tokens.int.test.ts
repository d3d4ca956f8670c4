import { verifyRecipientToken } from '@herald/platform';
import { useTestAdmin } from './testing/use-test-admin';

const admin = useTestAdmin();

async function callers() {
  const tenant = await admin.operator.post('/v1/tenants', { name: 'Test' }).expect(201);
  const { key } = await admin.newKey(tenant.body.id, ['feeds:token']);
  return { tenantId: tenant.body.id as string, app: admin.as(key) };
}

it('makes a token that opens the feed of this recipient of the tenant, for as long as was asked', async () => {
  const { tenantId, app } = await callers();
  const began = Date.now();
  const { body } = await app
    .post('/v1/recipient-tokens', { recipient: 'user_42', ttlSeconds: 60 })
    .expect(201);
  const verified = await verifyRecipientToken(admin.keys, body.token);
  expect(verified).toMatchObject({ ok: true, tenantId, recipient: 'user_42' });
  const expiresAt = Date.parse(body.expiresAt);
  expect(expiresAt).toBeGreaterThanOrEqual(began + 59_000);
  expect(expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
  expect(verified.ok && verified.expiresAt.getTime()).toBe(expiresAt);
});

it('lasts an hour when nothing is said', async () => {
  const { app } = await callers();
  const { body } = await app.post('/v1/recipient-tokens', { recipient: 'user_42' }).expect(201);
  expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(3_590_000);
});

it.each([
  [{}, '/recipient'],
  [{ recipient: '' }, '/recipient'],
  [{ recipient: 'user_42', ttlSeconds: 59 }, '/ttlSeconds'],
  [{ recipient: 'user_42', ttlSeconds: 86_401 }, '/ttlSeconds'],
  [{ recipient: 'user_42', tenantId: 'x' }, '/tenantId'],
])('refuses %j', async (body, pointer) => {
  const { app } = await callers();
  const answer = await app.post('/v1/recipient-tokens', body).expect(422);
  expect(answer.body.errors).toMatchObject([{ pointer }]);
});

it('is for keys with the scope alone, and not for test keys', async () => {
  const { tenantId } = await callers();
  const request = { recipient: 'user_42' };
  const { key } = await admin.newKey(tenantId, ['admin', 'notifications:read', 'notifications:write']);
  await admin.as(key).post('/v1/recipient-tokens', request).expect(403);
  await admin.operator.post('/v1/recipient-tokens', request).expect(403);
  const test = await admin.operator
    .post('/v1/api-keys', { tenantId, name: 'Test', mode: 'test', scopes: ['feeds:token'] })
    .expect(201);
  const answer = await admin.as(test.body.key).post('/v1/recipient-tokens', request).expect(403);
  expect(answer.body.detail).toMatch(/live key/);
});
