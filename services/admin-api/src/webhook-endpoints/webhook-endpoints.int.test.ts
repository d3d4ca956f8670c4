import { type EndpointDeliveryDto, type WebhookEndpointDto } from '@herald/contracts';
import { claimDeliveries, feedEvents, recordOutcomes } from '@herald/db';
import { newId } from '@herald/domain';
import { type Caller, useTestAdmin } from '../testing/use-test-admin';

const admin = useTestAdmin();
let tenant: { id: string; admin: Caller };
beforeEach(async () => {
  await admin.db.rows('DELETE FROM webhook_events');
  tenant = await admin.newTenant();
});

const URL = 'https://example.com/hooks/herald';
const create = async (body: object = {}, caller = tenant.admin) =>
  (await caller.post('/v1/webhook-endpoints', { url: URL, ...body }).expect(201)).body as WebhookEndpointDto;
const pathOf = ({ id }: { id: string }) => `/v1/webhook-endpoints/${id}`;
/** A caller with a test key of the tenant. */
async function testCaller(): Promise<Caller> {
  const body = { tenantId: tenant.id, name: 'Test', mode: 'test', scopes: ['admin'] };
  return admin.as((await admin.operator.post('/v1/api-keys', body).expect(201)).body.key);
}
const ACCEPTED = { state: 'sent', outcome: 'accepted', code: 'http_204' } as const;
const EXHAUSTED = { state: 'dead', reason: 'retries_exhausted', outcome: 'retry', code: 'http_503' } as const;
/** A test event that was sent, and how that ended; gives the delivery's id. */
async function send(endpoint: { id: string }, how: typeof ACCEPTED | typeof EXHAUSTED): Promise<string> {
  const { body } = await tenant.admin.post(`${pathOf(endpoint)}/test`).expect(202);
  const [fed] = await feedEvents(admin.db, 1);
  const id = fed!.delivery!.id;
  const [claimed] = await claimDeliveries(admin.db, [id], 60_000);
  expect(claimed!.notificationId).toBe(body.eventId);
  const { outcome, code, ...end } = how;
  const called = { provider: 'standard-webhook', startedAt: new Date(), durationMs: 1, outcome, code };
  const { claim, attempt } = claimed!;
  await recordOutcomes(admin.db, [{ id, tenantId: tenant.id, claim, attempt, ...end, called }]);
  return id;
}
const logOf = async (endpoint: { id: string }, query = '') =>
  (await tenant.admin.get(`${pathOf(endpoint)}/deliveries${query}`).expect(200)).body as {
    items: EndpointDeliveryDto[];
    nextCursor?: string;
  };

describe('endpoints', () => {
  it('are created, read, listed, changed and deleted', async () => {
    const endpoint = await create({ description: 'Shop', events: ['delivery.delivered'] });
    expect(endpoint).toEqual({
      id: expect.any(String),
      tenantId: tenant.id,
      mode: 'live',
      url: URL,
      description: 'Shop',
      events: ['delivery.delivered'],
      enabled: true,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const second = await create();
    expect(second).not.toHaveProperty('events');
    expect((await tenant.admin.get(pathOf(endpoint)).expect(200)).body).toEqual(endpoint);
    const list = await tenant.admin.get('/v1/webhook-endpoints').expect(200);
    expect(list.body.items).toEqual([second, endpoint]);

    const url = 'https://example.com/other';
    const change = { url, description: 'New', events: [], enabled: false };
    const { body } = await tenant.admin.patch(pathOf(endpoint), change).expect(200);
    expect(body).toMatchObject({ url, description: 'New', enabled: false, disabledReason: 'manual' });
    expect(body).not.toHaveProperty('events');
    const on = await tenant.admin.patch(pathOf(endpoint), { enabled: true }).expect(200);
    expect(on.body).toMatchObject({ url, enabled: true });
    expect(on.body).not.toHaveProperty('disabledReason');

    await tenant.admin.delete(pathOf(endpoint)).expect(204);
    await tenant.admin.delete(pathOf(endpoint)).expect(404);
    await tenant.admin.get(pathOf(endpoint)).expect(404);
  });

  it.each([
    [{ url: 'ftp://example.com' }, '/url'],
    [{ url: URL, events: ['delivery.unheard'] }, '/events'],
    [{ url: URL, events: ['endpoint.test'] }, '/events'],
    [{ url: URL, mode: 'both' }, '/mode'],
    [{ url: URL, secret: 'x' }, '/secret'],
  ])('are refused: %j', async (body, pointer) => {
    const answer = await tenant.admin.post('/v1/webhook-endpoints', body).expect(422);
    expect(answer.body.errors[0].pointer).toContain(pointer);
  });

  it('are twenty at most, also when many are made at once', async () => {
    const post = () => tenant.admin.post('/v1/webhook-endpoints', { url: URL });
    const statuses = (await Promise.all(Array.from({ length: 24 }, post))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([...Array(20).fill(201), ...Array(4).fill(409)]);
  });

  it('belong to one tenant', async () => {
    const endpoint = await create();
    const stranger = await admin.newTenant();
    for (const path of ['', '/deliveries']) await stranger.admin.get(pathOf(endpoint) + path).expect(404);
    for (const path of ['/replay', '/test']) await stranger.admin.post(pathOf(endpoint) + path).expect(404);
    await stranger.admin.patch(pathOf(endpoint), { enabled: false }).expect(404);
    await stranger.admin.delete(pathOf(endpoint)).expect(404);
    expect((await stranger.admin.get('/v1/webhook-endpoints').expect(200)).body.items).toEqual([]);
    expect((await tenant.admin.get(pathOf(endpoint)).expect(200)).body).toEqual(endpoint);
  });

  it('for live notifications are none of a test key', async () => {
    const caller = await testCaller();
    const live = await create();
    const test = await create({}, caller);
    expect(test.mode).toBe('test');
    await caller.post('/v1/webhook-endpoints', { url: URL, mode: 'live' }).expect(403);
    await caller.get(pathOf(live)).expect(404);
    await caller.patch(pathOf(live), { enabled: false }).expect(404);
    expect((await caller.get('/v1/webhook-endpoints').expect(200)).body.items).toEqual([test]);
    const all = await tenant.admin.get('/v1/webhook-endpoints').expect(200);
    expect(all.body.items).toEqual([test, live]);
  });
});

describe('the log', () => {
  it('shows what was sent, newest first, in pages and by state', async () => {
    const [endpoint, other] = [await create(), await create()];
    const ids = [
      await send(endpoint, ACCEPTED),
      await send(endpoint, EXHAUSTED),
      await send(endpoint, ACCEPTED),
    ];
    await send(other, ACCEPTED);
    const { items } = await logOf(endpoint);
    expect(items.map(({ id }) => id)).toEqual([...ids].reverse());
    expect(items[1]).toEqual({
      id: ids[1],
      eventId: expect.any(String),
      type: 'endpoint.test',
      state: 'dead',
      reason: 'retries_exhausted',
      code: 'http_503',
      attempts: 1,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect(items[0]).toMatchObject({ state: 'sent', code: 'http_204', sentAt: expect.any(String) });
    const first = await logOf(endpoint, '?limit=2');
    const rest = await logOf(endpoint, `?limit=2&cursor=${first.nextCursor}`);
    expect([...first.items, ...rest.items]).toEqual(items);
    expect((await logOf(endpoint, '?state=dead')).items.map(({ id }) => id)).toEqual([ids[1]]);
    expect((await tenant.admin.get('/v1/dead-letters').expect(200)).body.items).toEqual([]);
  });

  it('shows what waits, with the time of the next attempt', async () => {
    const endpoint = await create();
    await tenant.admin.post(`${pathOf(endpoint)}/test`).expect(202);
    await feedEvents(admin.db, 1);
    expect((await logOf(endpoint)).items).toMatchObject([
      { state: 'queued', attempts: 0, nextAttemptAt: expect.any(String) },
    ]);
  });
});

describe('a replay', () => {
  const replay = async (endpoint: { id: string }, body?: object) =>
    (await tenant.admin.post(`${pathOf(endpoint)}/replay`, body).expect(200)).body;

  it('sends again what did not arrive, to the URL that the endpoint has now', async () => {
    const [endpoint, other] = [await create(), await create()];
    const dead = await send(endpoint, EXHAUSTED);
    const elsewhere = await send(other, EXHAUSTED);
    await send(endpoint, ACCEPTED);
    await tenant.admin.patch(pathOf(endpoint), { url: `${URL}/new` }).expect(200);
    expect(await replay(endpoint)).toEqual({ replayed: 1 });
    expect(await replay(endpoint)).toEqual({ replayed: 0 });
    expect((await logOf(endpoint, '?state=queued')).items).toMatchObject([
      { id: dead, reason: 'replayed', code: 'http_503', attempts: 1 },
    ]);
    const [claimed] = await claimDeliveries(admin.db, [dead, elsewhere], 60_000);
    expect(claimed).toMatchObject({ id: dead, address: `${URL}/new`, attempt: 2, attemptsInPolicy: 1 });
    const [waiting] = await admin.queues.heads('webhook', 'default', [tenant.id]);
    expect(waiting?.ids).toEqual([dead]);
  });

  it('takes a time and states, those that arrived too when asked for', async () => {
    const endpoint = await create();
    const ids = [await send(endpoint, ACCEPTED), await send(endpoint, EXHAUSTED)];
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    expect(await replay(endpoint, { since: at(60_000) })).toEqual({ replayed: 0 });
    expect(await replay(endpoint, { until: at(-60_000) })).toEqual({ replayed: 0 });
    expect(await replay(endpoint, { since: at(-60_000), until: at(60_000), states: ['sent'] })).toEqual({
      replayed: 1,
    });
    expect(await replay(endpoint, { states: ['sent', 'dead'] })).toEqual({ replayed: 1 });
    const claimed = await claimDeliveries(admin.db, ids, 60_000);
    expect(claimed.map(({ id }) => id).sort()).toEqual([...ids].sort());
    const answer = await tenant.admin.post(`${pathOf(endpoint)}/replay`, { states: ['sending'] }).expect(422);
    expect(answer.body.errors[0].pointer).toContain('/states');
  });

  it('is refused, like a test event, while the endpoint is disabled, and for one that is not there', async () => {
    const endpoint = await create();
    await tenant.admin.patch(pathOf(endpoint), { enabled: false }).expect(200);
    for (const path of ['/replay', '/test']) {
      await tenant.admin.post(pathOf(endpoint) + path).expect(409);
      await tenant.admin.post(pathOf({ id: newId(Date.now()) }) + path).expect(404);
    }
  });
});
