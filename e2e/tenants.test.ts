import fs from 'node:fs';
import path from 'node:path';
import { type ProviderDto, type VapidKeyDto, type WebhookEndpointDto } from '@herald/contracts';
import { type Answer, type Client, createKey, createTenant, type TestTenant } from '@herald/testing';
import { Client as Postgres } from 'pg';
import {
  email,
  newEmail,
  newPhone,
  send,
  sendOne,
  unique,
  untilSettled,
  untilState,
} from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();

interface Operation {
  operationId: string;
  tags: string[];
  parameters?: { in: string; name: string }[];
}

interface Route extends Operation {
  method: string;
  path: string;
}

const DOCUMENT = JSON.parse(fs.readFileSync(path.resolve(__dirname, '../docs/api/openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
};

const ROUTES: Route[] = Object.entries(DOCUMENT.paths).flatMap(([at, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({ ...operation, method, path: at })),
);

/** For the operator alone: a tenant's key is refused before anything is looked up. */
const OPERATOR_ROUTES = ['listTenants', 'createTenant', 'getTenant', 'updateTenant', 'listChannels'];
const CHANNEL_ROUTES = ['pauseChannel', 'resumeChannel'];
/** Called by providers, without a key: see callbacks.test.ts. */
const PUBLIC_ROUTES = ['takeReceipt', 'takeAccountReceipts'];

/** What stands in a path, by the operation; every path with an id must be listed. */
const IDS: Record<string, keyof Belongings> = {
  getNotification: 'notification',
  cancelNotification: 'scheduled',
  getDelivery: 'dead',
  retryDelivery: 'dead',
  getTenant: 'tenant',
  updateTenant: 'tenant',
  getApiKey: 'apiKey',
  revokeApiKey: 'apiKey',
  rotateApiKey: 'apiKey',
  getProvider: 'provider',
  updateProvider: 'provider',
  deleteProvider: 'provider',
  listProviderEvents: 'provider',
  getWebhookEndpoint: 'endpoint',
  updateWebhookEndpoint: 'endpoint',
  deleteWebhookEndpoint: 'endpoint',
  listEndpointDeliveries: 'endpoint',
  replayEndpoint: 'endpoint',
  testWebhookEndpoint: 'endpoint',
  updateVapidKey: 'vapidKey',
  deleteVapidKey: 'vapidKey',
};
const BODIES: Record<string, object> = {
  updateTenant: { name: 'taken over' },
  updateProvider: { enabled: false },
  rotateApiKey: {},
  updateWebhookEndpoint: { enabled: false },
  replayEndpoint: {},
  updateVapidKey: { subject: 'mailto:eve@example.com' },
};

/** The ids of what the first tenant has. */
interface Belongings {
  tenant: string;
  notification: string;
  scheduled: string;
  scheduledDelivery: string;
  dead: string;
  apiKey: string;
  provider: string;
  endpoint: string;
  vapidKey: string;
  suppressed: string;
}

const own = { mine: {} as Belongings, owner: {} as Client, other: {} as TestTenant, stranger: {} as Client };

beforeAll(async () => {
  const tenant = await createTenant(herald.admin);
  own.owner = herald.api.withKey(tenant.key);
  own.mine = { tenant: tenant.id, ...(await fill(own.owner, tenant)) };
  own.other = await createTenant(herald.admin);
  own.stranger = herald.api.withKey(own.other.key);
});

/** Gives a tenant one of everything. */
async function fill(api: Client, tenant: TestTenant): Promise<Omit<Belongings, 'tenant'>> {
  const dead = await sendOne(api, email(newEmail()));
  await untilState(api, dead.deliveryId, 'dead');
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const scheduled = await sendOne(api, email(newEmail(), { sendAt }));
  const provider = await api.post<ProviderDto>('/v1/providers', {
    channel: 'sms',
    type: 'twilio',
    config: { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a-secret-auth-token', from: '+15005550006' },
  });
  const hook = { url: herald.sandbox.webhookUrl('tenants'), events: ['endpoint.disabled'] };
  const endpoint = await api.post<WebhookEndpointDto>('/v1/webhook-endpoints', hook);
  const vapidKey = await api.post<VapidKeyDto>('/v1/vapid-keys', { subject: 'mailto:ops@example.com' });
  const suppressed = newPhone();
  await api.post('/v1/suppressions', { channel: 'sms', address: suppressed });
  return {
    notification: dead.id,
    dead: dead.deliveryId,
    scheduled: scheduled.id,
    scheduledDelivery: scheduled.deliveryId,
    apiKey: (await createKey(herald.admin, tenant.id)).id,
    provider: provider.body.id,
    endpoint: endpoint.body.id,
    vapidKey: vapidKey.body.id,
    suppressed,
  };
}

const call = (api: Client, { method, path: template, operationId }: Route): Promise<Answer> => {
  const at = template.replace(/\{\w+\}/, own.mine[IDS[operationId] as keyof Belongings] ?? 'sms');
  const body = BODIES[operationId];
  const verbs = {
    get: () => api.get<unknown>(at),
    post: () => api.post<unknown>(at, body),
    patch: () => api.patch<unknown>(at, body ?? {}),
    delete: () => api.delete<unknown>(at),
  };
  return verbs[method as keyof typeof verbs]();
};

/** All that the first tenant can see of itself. */
async function whatIsMine(): Promise<string> {
  const { mine, owner } = own;
  const answers = await Promise.all([
    owner.get(`/v1/notifications/${mine.notification}`),
    owner.get(`/v1/notifications/${mine.scheduled}`),
    owner.get(`/v1/api-keys/${mine.apiKey}`),
    owner.get(`/v1/providers/${mine.provider}`),
    owner.get(`/v1/webhook-endpoints/${mine.endpoint}`),
    owner.get('/v1/dead-letters'),
    owner.get('/v1/suppressions'),
    owner.get('/v1/webhook-secrets'),
    owner.get('/v1/vapid-keys'),
    herald.admin.get(`/v1/tenants/${mine.tenant}`),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  return JSON.stringify(answers.map(({ body }) => body));
}

describe("another tenant's id is a 404 wherever the document has one", () => {
  const withId = ROUTES.filter(({ path: at }) => at.includes('{'));

  it('and this test knows every such path', () => {
    const known = [...Object.keys(IDS), ...CHANNEL_ROUTES, ...PUBLIC_ROUTES];
    expect(withId.map(({ operationId }) => operationId).sort()).toEqual(known.sort());
  });

  it.each(
    withId.filter(({ operationId }) => IDS[operationId]).map((route) => [route.operationId, route] as const),
  )('%s', async (operationId, route) => {
    const before = await whatIsMine();
    const { status } = await call(own.stranger, route);
    expect(status).toBe(OPERATOR_ROUTES.includes(operationId) ? 403 : 404);
    expect(await whatIsMine()).toBe(before);
  });

  it.each(withId.filter(({ operationId }) => CHANNEL_ROUTES.includes(operationId)))(
    '$operationId is for the operator',
    async (route) => {
      expect((await call(own.stranger, route)).status).toBe(403);
    },
  );
});

describe('lists', () => {
  it.each(
    ROUTES.filter(({ method, path: at }) => method === 'get' && !at.includes('{')).map(
      (route) => [route.operationId, route] as const,
    ),
  )("%s holds nothing of another tenant's, and cannot be asked for it", async (operationId, route) => {
    const { status, body } = await own.stranger.get(`${route.path}?limit=200`);
    if (OPERATOR_ROUTES.includes(operationId)) return expect(status).toBe(403);
    if (status === 422) expect((await own.stranger.get(route.path)).status).toBe(200);
    const text = JSON.stringify(body);
    for (const id of Object.values(own.mine)) expect(text).not.toContain(id);
    if (!route.parameters?.some(({ name }) => name === 'tenantId')) return;
    const named = await own.stranger.get(`${route.path}?tenantId=${own.mine.tenant}`);
    const inHeader = await own.stranger.withHeaders({ 'herald-tenant': own.mine.tenant }).get(route.path);
    expect([named.status, inHeader.status]).toEqual([404, 404]);
  });

  it('a filter or a cursor of the other does not help', async () => {
    const first = await own.owner.get<{ nextCursor: string }>('/v1/notifications?limit=1');
    expect(first.body.nextCursor).toBeDefined();
    const cursor = encodeURIComponent(first.body.nextCursor);
    const { body } = await own.stranger.get<{ items: unknown[] }>(`/v1/notifications?cursor=${cursor}`);
    expect(body.items).toEqual([]);
  });
});

describe('what another tenant has cannot be changed', () => {
  it('by lists of ids, by filters, by naming the tenant', async () => {
    const before = await whatIsMine();
    const { mine, stranger } = own;
    for (const action of ['replay', 'discard']) {
      const byId = await stranger.post<object>(`/v1/dead-letters/${action}`, { ids: [mine.dead] });
      expect([byId.status, Object.values(byId.body)]).toEqual([
        200,
        [0, [{ id: mine.dead, reason: 'not_found' }]],
      ]);
      const byFilter = await stranger.post<object>(`/v1/dead-letters/${action}`, { filter: {} });
      expect(Object.values(byFilter.body)).toEqual([0]);
    }
    const query = new URLSearchParams({ channel: 'sms', address: mine.suppressed });
    expect((await stranger.delete(`/v1/suppressions?${query}`)).status).toBe(404);
    const named = stranger.withHeaders({ 'herald-tenant': mine.tenant });
    const key = { name: 'k', mode: 'live', scopes: ['admin'] };
    const answers = [
      await stranger.post('/v1/api-keys', { ...key, tenantId: mine.tenant }),
      await named.post('/v1/api-keys', key),
      await named.post('/v1/webhook-secrets/rotate', {}),
      await named.post('/v1/dead-letters/replay', { ids: [mine.dead] }),
      await named.post('/v1/suppressions', { channel: 'email', address: newEmail() }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(404));
    expect(await whatIsMine()).toBe(before);
  });

  it('a suppression and a metadata key are of one tenant alone', async () => {
    const run = unique('shared');
    const { deliveryId } = await sendOne(own.stranger, {
      to: { phone: own.mine.suppressed },
      content: { sms: { body: 'B' } },
      metadata: { run },
    });
    // It has no provider: but it came to where one would be called.
    expect(await untilSettled(own.stranger, deliveryId)).toMatchObject({
      state: 'dead',
      reason: 'no_provider',
    });
    const { body } = await own.owner.get<{ items: unknown[] }>(`/v1/notifications?metadata.run=${run}`);
    expect(body.items).toEqual([]);
  });
});

describe('providers', () => {
  it('never show their secrets, and are sealed in the database', async () => {
    const { body } = await own.owner.get<ProviderDto>(`/v1/providers/${own.mine.provider}`);
    expect(body).toMatchObject({ secretsSet: ['authToken'], config: { from: '+15005550006' } });
    const list = await own.owner.get('/v1/providers');
    const client = new Postgres(herald.dev.databaseUrl);
    await client.connect();
    const { rows } = await client.query('SELECT * FROM provider_configs WHERE id = $1', [own.mine.provider]);
    await client.end();
    expect(rows).toHaveLength(1);
    for (const text of [body, list.body, rows]) {
      expect(JSON.stringify(text)).not.toContain('a-secret-auth-token');
    }
    expect(JSON.stringify(rows)).not.toContain('+15005550006');
  });

  it('a tenant without one gets dead letters, sets one up, and replays them', async () => {
    const tenant = await createTenant(herald.admin);
    const api = herald.api.withKey(tenant.key);
    const to = newEmail('fresh');
    const { deliveryId } = await sendOne(api, email(to));
    expect(await untilState(api, deliveryId, 'dead')).toMatchObject({ reason: 'no_provider' });
    const wrong = await api.post('/v1/providers', {
      channel: 'email',
      type: 'smtp',
      config: { host: 'not a host', port: 0, colour: 'red' },
    });
    expect([wrong.status, wrong.body.errors!.map(({ pointer }) => pointer).sort()]).toEqual([
      422,
      ['/config/colour', '/config/from', '/config/host', '/config/port'],
    ]);
    const smtpPort = Number(/SMTP on port (\d+)/.exec(herald.child.output())![1]);
    const config = { host: '127.0.0.1', port: smtpPort, security: 'none', from: 'Fresh <fresh@example.org>' };
    const created = await api.post<ProviderDto>('/v1/providers', { channel: 'email', type: 'smtp', config });
    expect(created.status).toBe(201);
    const { body } = await api.post('/v1/dead-letters/replay', { filter: { reason: 'no_provider' } });
    expect(body).toEqual({ replayed: 1 });
    await untilState(api, deliveryId, 'sent');
    expect((await herald.sandbox.messages(to))[0]).toMatchObject({
      from: expect.stringContaining('fresh@example.org'),
    });

    await api.patch(`/v1/providers/${created.body.id}`, { enabled: false });
    const { deliveries } = await send(api, {
      ...email(newEmail()),
      sendAt: new Date(Date.now() + 500).toISOString(),
    });
    expect(await untilState(api, deliveries[0]!.id, 'dead')).toMatchObject({ reason: 'no_provider' });
  });
});

it('the operator has to say which tenant is meant', async () => {
  const unnamed = await herald.admin.get('/v1/api-keys');
  expect([unnamed.status, unnamed.body.errors?.[0]?.pointer]).toEqual([422, '/query/tenantId']);
  const header = await herald.admin.withHeaders({ 'herald-tenant': own.mine.tenant }).get('/v1/api-keys');
  const query = await herald.admin.get(`/v1/api-keys?tenantId=${own.mine.tenant}`);
  expect([header.status, header.body]).toEqual([200, query.body]);
  const nobody = await herald.admin.get('/v1/api-keys?tenantId=019abcde-0000-7000-8000-000000000000');
  expect(nobody.status).toBe(404);
});
