import { ADMIN_LIMITS } from '@herald/contracts';
import { findLiveVapidKeys } from '@herald/db';
import { useTestAdmin } from './testing/use-test-admin';

const admin = useTestAdmin();
const subject = 'mailto:ops@example.com';

it('makes keys whose private half nobody sees, and keeps the older ones', async () => {
  const tenant = await admin.newTenant();
  const { body: first } = await tenant.admin.post('/v1/vapid-keys', { subject }).expect(201);
  expect(first).toEqual({
    id: expect.any(String),
    subject,
    publicKey: expect.stringMatching(/^[A-Za-z0-9_-]{87}$/),
    createdAt: expect.any(String),
  });
  const { body: second } = await tenant.admin.post('/v1/vapid-keys', { subject }).expect(201);
  expect(second.publicKey).not.toBe(first.publicKey);
  const { body: list } = await tenant.admin.get('/v1/vapid-keys').expect(200);
  expect(list.items).toEqual([second, first]);
  const live = await findLiveVapidKeys(admin.db, tenant.id);
  for (const { id, privateKey } of live) {
    expect(admin.box.open(privateKey, `vapid_keys:${id}`)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  }
});

it('ends the older ones when told to', async () => {
  const tenant = await admin.newTenant();
  await tenant.admin.post('/v1/vapid-keys', { subject }).expect(201);
  const rotation = { subject, retireOthersAfterSeconds: 3600 };
  const { body: second } = await tenant.admin.post('/v1/vapid-keys', rotation).expect(201);
  const { items } = (await tenant.admin.get('/v1/vapid-keys')).body;
  expect(items[0]).toEqual(second);
  const left = Date.parse(items[1].expiresAt) - Date.now();
  expect(left).toBeGreaterThan(3_500_000);
  expect(left).toBeLessThanOrEqual(3_600_000);
  await tenant.admin.post('/v1/vapid-keys', { subject, retireOthersAfterSeconds: 0 }).expect(201);
  expect(await findLiveVapidKeys(admin.db, tenant.id)).toHaveLength(1);
});

it('changes the subject, and seals anew', async () => {
  const tenant = await admin.newTenant();
  const { body: key } = await tenant.admin.post('/v1/vapid-keys', { subject }).expect(201);
  const [before] = await findLiveVapidKeys(admin.db, tenant.id);
  const path = `/v1/vapid-keys/${key.id}`;
  const { body } = await tenant.admin.patch(path, { subject: 'https://example.com/contact' }).expect(200);
  expect(body).toEqual({ ...key, subject: 'https://example.com/contact' });
  await tenant.admin.patch(path, {}).expect(200);
  const [after] = await findLiveVapidKeys(admin.db, tenant.id);
  expect(after).toMatchObject({ subject: 'https://example.com/contact', publicKey: key.publicKey });
  expect(after?.privateKey).not.toBe(before?.privateKey);
  const opened = [before, after].map((row) => admin.box.open(row!.privateKey, `vapid_keys:${key.id}`));
  expect(opened[0]).toBe(opened[1]);
});

it('deletes a key', async () => {
  const tenant = await admin.newTenant();
  const { body } = await tenant.admin.post('/v1/vapid-keys', { subject }).expect(201);
  await tenant.admin.delete(`/v1/vapid-keys/${body.id}`).expect(204);
  await tenant.admin.delete(`/v1/vapid-keys/${body.id}`).expect(404);
  expect(await findLiveVapidKeys(admin.db, tenant.id)).toEqual([]);
});

it('has so many live ones at most', async () => {
  const tenant = await admin.newTenant();
  for (let made = 0; made < ADMIN_LIMITS.vapidKeys; made += 1) {
    await tenant.admin.post('/v1/vapid-keys', { subject }).expect(201);
  }
  await tenant.admin.post('/v1/vapid-keys', { subject }).expect(409);
});

it('belongs to one tenant', async () => {
  const [tenant, stranger] = [await admin.newTenant(), await admin.newTenant()];
  const { body } = await tenant.admin.post('/v1/vapid-keys', { subject }).expect(201);
  expect((await stranger.admin.get('/v1/vapid-keys')).body.items).toEqual([]);
  await stranger.admin.delete(`/v1/vapid-keys/${body.id}`).expect(404);
  await stranger.admin.patch(`/v1/vapid-keys/${body.id}`, { subject }).expect(404);
  expect(await findLiveVapidKeys(admin.db, tenant.id)).toHaveLength(1);
});

it.each([
  ['/subject', {}],
  ['/subject', { subject: 'ops@example.com' }],
  ['/subject', { subject: 'https://localhost' }],
  ['/retireOthersAfterSeconds', { subject, retireOthersAfterSeconds: -1 }],
  ['/privateKey', { subject, privateKey: 'mine' }],
])('refuses a bad %s: %j', async (pointer, body) => {
  const tenant = await admin.newTenant();
  const { body: problem } = await tenant.admin.post('/v1/vapid-keys', body).expect(422);
  expect(problem.errors).toMatchObject([{ pointer }]);
});
