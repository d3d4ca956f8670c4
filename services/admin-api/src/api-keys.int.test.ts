import { createHash } from 'node:crypto';
import { newId } from '@herald/domain';
import { until } from '@herald/testing';
import { type Caller, useTestAdmin } from './testing/use-test-admin';

const admin = useTestAdmin();
let tenant: { id: string; admin: Caller };
beforeEach(async () => {
  tenant = await admin.newTenant();
});

const KEY = { name: 'CI', mode: 'live', scopes: ['admin', 'notifications:read'] };
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
const rowOf = async (id: string) => (await admin.db.rows('SELECT * FROM api_keys WHERE id = $1', [id]))[0];

it('shows a key once and keeps only its hash', async () => {
  const expiresAt = inHours(1);
  const rateLimit = { perSecond: 5, burst: 10 };
  const { body, headers } = await tenant.admin
    .post('/v1/api-keys', { ...KEY, expiresAt, rateLimit })
    .expect(201);
  expect(body).toEqual({
    id: expect.any(String),
    tenantId: tenant.id,
    ...KEY,
    expiresAt,
    rateLimit,
    createdAt: expect.any(String),
    hint: `${body.key.slice(0, 12)}…${body.key.slice(-4)}`,
    key: expect.stringMatching(/^hk_live_[A-Za-z0-9_-]{43}$/),
  });
  expect(headers['cache-control']).toBe('no-store');
  const row = await rowOf(body.id);
  expect(row?.hash).toEqual(createHash('sha256').update(body.key).digest());
  expect(JSON.stringify(row)).not.toContain(body.key.slice(15, 40));

  const { key, ...shown } = body;
  expect((await tenant.admin.get(`/v1/api-keys/${body.id}`).expect(200)).body).toEqual(shown);
  const list = await tenant.admin.get('/v1/api-keys?limit=1').expect(200);
  expect(list.body.items).toEqual([shown]);
  const rest = await tenant.admin.get(`/v1/api-keys?cursor=${list.body.nextCursor}`).expect(200);
  expect(rest.body.items).toHaveLength(1);
  expect(rest.body.nextCursor).toBeUndefined();
  await admin.as(body.key).get('/v1/api-keys').expect(200);
});

it('makes test keys, with a rate limit if none is given', async () => {
  const { body } = await tenant.admin.post('/v1/api-keys', { ...KEY, mode: 'test' }).expect(201);
  expect(body.key).toMatch(/^hk_test_/);
  expect(body.rateLimit).toEqual({ perSecond: 1000, burst: 2000 });
});

describe('rotation', () => {
  it('gives a new key with the same rights; the old one works until the overlap ends', async () => {
    const { body: old } = await tenant.admin.post('/v1/api-keys', KEY).expect(201);
    const { body: made } = await tenant.admin
      .post(`/v1/api-keys/${old.id}/rotate`, { overlapSeconds: 2 })
      .expect(201);
    const { id, key, hint, createdAt, ...rights } = old;
    expect(made).toMatchObject(rights);
    expect(made.key).not.toBe(key);
    await admin.as(old.key).get('/v1/api-keys').expect(200);
    await admin.as(made.key).get('/v1/api-keys').expect(200);
    const after = (await tenant.admin.get(`/v1/api-keys/${old.id}`)).body;
    expect(after.replacedBy).toBe(made.id);
    expect(Date.parse(after.expiresAt) - Date.now()).toBeLessThanOrEqual(2000);
    await until(async () => (await admin.as(old.key).get('/v1/api-keys')).status === 401);
    await admin.as(made.key).get('/v1/api-keys').expect(200);
  });

  it('overlaps by a day unless told otherwise, and needs no body', async () => {
    const { body: old } = await tenant.admin.post('/v1/api-keys', KEY);
    await tenant.admin.post(`/v1/api-keys/${old.id}/rotate`).expect(201);
    const { body } = await tenant.admin.get(`/v1/api-keys/${old.id}`);
    expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(86_000_000);
  });

  it('is refused for a key that was rotated or revoked', async () => {
    const { body: old } = await tenant.admin.post('/v1/api-keys', KEY);
    const { body: made } = await tenant.admin.post(`/v1/api-keys/${old.id}/rotate`);
    const again = await tenant.admin.post(`/v1/api-keys/${old.id}/rotate`).expect(409);
    expect(again.body).toMatchObject({ replacedBy: made.id, detail: expect.stringContaining('rotated') });
    await tenant.admin.delete(`/v1/api-keys/${made.id}`).expect(204);
    const revoked = await tenant.admin.post(`/v1/api-keys/${made.id}/rotate`).expect(409);
    expect(revoked.body.detail).toContain('revoked');
  });
});

it('revokes within seconds; the key stays in the list', async () => {
  const { body: made } = await tenant.admin.post('/v1/api-keys', KEY);
  await admin.as(made.key).get('/v1/api-keys').expect(200);
  await tenant.admin.delete(`/v1/api-keys/${made.id}`).expect(204);
  await until(async () => (await admin.as(made.key).get('/v1/api-keys')).status === 401);
  const { body } = await tenant.admin.get(`/v1/api-keys/${made.id}`).expect(200);
  expect(body.revokedAt).toEqual(expect.any(String));
  await tenant.admin.delete(`/v1/api-keys/${made.id}`).expect(204);
});

it("does not see another tenant's keys", async () => {
  const stranger = await admin.newTenant();
  const { body: mine } = await tenant.admin.post('/v1/api-keys', KEY);
  await stranger.admin.get(`/v1/api-keys/${mine.id}`).expect(404);
  await stranger.admin.post(`/v1/api-keys/${mine.id}/rotate`).expect(404);
  await stranger.admin.delete(`/v1/api-keys/${mine.id}`).expect(404);
  const { body } = await stranger.admin.get('/v1/api-keys').expect(200);
  expect(body.items).toHaveLength(1);
  expect(await rowOf(mine.id)).toMatchObject({ revoked_at: null, replaced_by: null });
});

it('needs the scope admin', async () => {
  const { key } = await admin.newKey(tenant.id, ['notifications:read', 'notifications:write']);
  await admin.as(key).get('/v1/api-keys').expect(403);
  await admin.as(key).post('/v1/api-keys', KEY).expect(403);
});

it.each([
  [{ mode: 'prod' }, ['/mode']],
  [{ scopes: [] }, ['/scopes']],
  [{ scopes: ['notifications:read', 'everything'] }, ['/scopes']],
  [{ scopes: ['admin', 'admin'] }, ['/scopes']],
  [{ name: undefined, mode: undefined }, ['/mode', '/name']],
  [{ rateLimit: { perSecond: 0, burst: 1.5 } }, ['/rateLimit/burst', '/rateLimit/perSecond']],
  [{ rateLimit: { perSecond: 1 } }, ['/rateLimit/burst']],
  [{ expiresAt: 'tomorrow' }, ['/expiresAt']],
  [{ expiresAt: '2020-01-01T00:00:00Z' }, ['/expiresAt']],
  [{ tenantId: 'shop' }, ['/tenantId']],
  [{ key: 'hk_live_mine' }, ['/key']],
])('refuses %j', async (change, pointers) => {
  const { body } = await tenant.admin.post('/v1/api-keys', { ...KEY, ...change }).expect(422);
  expect(body.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual(pointers);
});

it('refuses overlaps beyond 30 days and unknown keys', async () => {
  const { body: made } = await tenant.admin.post('/v1/api-keys', KEY);
  for (const overlapSeconds of [-1, 30 * 86_400 + 1, 1.5, '60']) {
    const { body } = await tenant.admin
      .post(`/v1/api-keys/${made.id}/rotate`, { overlapSeconds })
      .expect(422);
    expect(body.errors).toMatchObject([{ pointer: '/overlapSeconds' }]);
  }
  await tenant.admin.post(`/v1/api-keys/${newId(Date.now())}/rotate`).expect(404);
  await tenant.admin.delete(`/v1/api-keys/${newId(Date.now())}`).expect(404);
});

it('is refused beyond its rate limit, and takes nothing from the operator', async () => {
  const rateLimit = { perSecond: 1, burst: 2 };
  const { body } = await tenant.admin.post('/v1/api-keys', { ...KEY, rateLimit }).expect(201);
  const slow = admin.as(body.key);
  const answers = await Promise.all([1, 2, 3, 4].map(() => slow.get('/v1/api-keys')));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.body.type).toBe('urn:herald:problem:rate-limited');
  expect(refused?.headers).toMatchObject({
    'retry-after': '1',
    'ratelimit-policy': '"burst";q=2;w=2',
    ratelimit: '"burst";r=0;t=1',
  });
  await admin.operator.get('/v1/tenants').expect(200);
  await until(async () => (await slow.get('/v1/api-keys')).status === 200, {
    everyMs: 100,
    what: 'a token',
  });
});

it('that is a test key makes and rotates test keys alone', async () => {
  const { body: test } = await tenant.admin.post('/v1/api-keys', { ...KEY, mode: 'test' }).expect(201);
  const { body: live } = await tenant.admin.post('/v1/api-keys', KEY).expect(201);
  const caller = admin.as(test.key);
  await caller.post('/v1/api-keys', KEY).expect(403);
  await caller.post(`/v1/api-keys/${live.id}/rotate`).expect(403);
  await caller.post('/v1/api-keys', { ...KEY, mode: 'test' }).expect(201);
  expect((await caller.post(`/v1/api-keys/${test.id}/rotate`).expect(201)).body.mode).toBe('test');
  expect(await rowOf(live.id)).toMatchObject({ revoked_at: null });
});
