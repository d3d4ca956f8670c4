import { findLiveWebhookSecrets } from '@herald/db';
import { useTestAdmin } from './testing/use-test-admin';

const admin = useTestAdmin();

it('rotates: the new secret is shown once, the old one stays live for the overlap', async () => {
  const tenant = await admin.newTenant();
  const { body } = await tenant.admin.post('/v1/webhook-secrets/rotate', { overlapSeconds: 60 }).expect(201);
  expect(body).toEqual({
    id: expect.any(String),
    createdAt: expect.any(String),
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
  });
  const live = await findLiveWebhookSecrets(admin.db, tenant.id);
  const secrets = live.map(({ id, secret }) => admin.box.open(secret, `webhook_secrets:${id}`));
  expect(secrets).toEqual([body.secret, expect.stringMatching(/^whsec_/)]);
  expect(live[0]?.secret).not.toContain(body.secret.slice(6));

  const list = await tenant.admin.get('/v1/webhook-secrets').expect(200);
  expect(list.body.items).toEqual([
    { id: body.id, createdAt: body.createdAt },
    { id: live[1]?.id, createdAt: expect.any(String), expiresAt: expect.any(String) },
  ]);
  const overlap = Date.parse(list.body.items[1].expiresAt) - Date.now();
  expect(overlap).toBeGreaterThan(50_000);
  expect(overlap).toBeLessThanOrEqual(60_000);
});

it('needs no body, and belongs to one tenant', async () => {
  const tenant = await admin.newTenant();
  const stranger = await admin.newTenant();
  await tenant.admin.post('/v1/webhook-secrets/rotate').expect(201);
  expect((await tenant.admin.get('/v1/webhook-secrets')).body.items).toHaveLength(2);
  expect((await stranger.admin.get('/v1/webhook-secrets')).body.items).toHaveLength(1);
  const { body } = await tenant.admin.post('/v1/webhook-secrets/rotate', { overlapSeconds: -5 }).expect(422);
  expect(body.errors).toMatchObject([{ pointer: '/overlapSeconds' }]);
});
