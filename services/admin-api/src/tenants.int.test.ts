import { newId } from '@herald/domain';
import { until } from '@herald/testing';
import { useTestAdmin } from './testing/use-test-admin';

const admin = useTestAdmin();

it('creates a tenant with a webhook secret that is shown once and kept sealed', async () => {
  const { body, headers } = await admin.operator.post('/v1/tenants', { name: 'Shop' }).expect(201);
  expect(body).toEqual({
    id: expect.any(String),
    name: 'Shop',
    disabled: false,
    createdAt: expect.any(String),
    webhookSecret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
  });
  expect(headers.location).toBe(`/v1/tenants/${body.id}`);
  const [row] = await admin.db.rows('SELECT * FROM webhook_secrets WHERE tenant_id = $1', [body.id]);
  expect(JSON.stringify(row)).not.toContain(body.webhookSecret.slice(10));
  expect(admin.box.open(row?.secret as string, `webhook_secrets:${row?.id}`)).toBe(body.webhookSecret);
  const { webhookSecret, ...shown } = body;
  expect((await admin.operator.get(`/v1/tenants/${body.id}`).expect(200)).body).toEqual(shown);
});

it('disables a tenant: its keys stop working within seconds, and work again when it is enabled', async () => {
  const tenant = await admin.newTenant();
  await tenant.admin.get('/v1/api-keys').expect(200);
  const { body } = await admin.operator.patch(`/v1/tenants/${tenant.id}`, { disabled: true, name: 'New' });
  expect(body).toMatchObject({ id: tenant.id, disabled: true, name: 'New' });
  await until(async () => (await tenant.admin.get('/v1/api-keys')).status === 401);
  await admin.operator.patch(`/v1/tenants/${tenant.id}`, { disabled: false }).expect(200);
  await until(async () => (await tenant.admin.get('/v1/api-keys')).status === 200);
});

it('lists tenants in pages, newest first', async () => {
  for (const name of ['A', 'B', 'C']) await admin.operator.post('/v1/tenants', { name }).expect(201);
  const names: string[] = [];
  let query = '?limit=2';
  for (;;) {
    const { body } = await admin.operator.get(`/v1/tenants${query}`).expect(200);
    expect(body.items.length).toBeLessThanOrEqual(2);
    names.push(...body.items.map((tenant: { name: string }) => tenant.name));
    if (body.nextCursor === undefined) break;
    query = `?limit=2&cursor=${body.nextCursor}`;
  }
  expect(names.slice(0, 3)).toEqual(['C', 'B', 'A']);
  const [{ count }] = (await admin.db.rows('SELECT count(*)::integer AS count FROM tenants')) as [
    { count: number },
  ];
  expect(names).toHaveLength(count);
});

it('is for the operator alone', async () => {
  const tenant = await admin.newTenant();
  await tenant.admin.get('/v1/tenants').expect(403);
  await tenant.admin.get(`/v1/tenants/${tenant.id}`).expect(403);
  await tenant.admin.post('/v1/tenants', { name: 'Mine' }).expect(403);
  await tenant.admin.patch(`/v1/tenants/${tenant.id}`, { disabled: true }).expect(403);
  await admin.as('operator-key-for-the-test!').get('/v1/tenants').expect(401);
});

it.each([
  [{}, '/name', 'is required'],
  [{ name: '' }, '/name', 'must be longer'],
  [{ name: 'a\nb' }, '/name', 'one line of text'],
  [{ name: 7 }, '/name', 'must be'],
  [{ name: 'A', plan: 'gold' }, '/plan', 'is not a known field'],
])('refuses %j', async (body, pointer, detail) => {
  const answer = await admin.operator.post('/v1/tenants', body).expect(422);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(answer.body.errors).toEqual([{ pointer, detail: expect.stringContaining(detail) }]);
});

it('does not know what does not exist', async () => {
  await admin.operator.get(`/v1/tenants/${newId(Date.now())}`).expect(404);
  await admin.operator.patch(`/v1/tenants/${newId(Date.now())}`, { name: 'A' }).expect(404);
  await admin.operator.get('/v1/tenants/1').expect(404);
  const { body } = await admin.operator.get('/v1/tenants?cursor=bm90IGFuIGlk').expect(422);
  expect(body.errors).toEqual([{ pointer: '/query/cursor', detail: 'must be a nextCursor of this list' }]);
  const limit = await admin.operator.get('/v1/tenants?limit=201').expect(422);
  expect(limit.body.errors).toMatchObject([{ pointer: '/query/limit' }]);
});
