import { acceptNotifications, claimDeliveries, recordOutcomes } from '@herald/db';
import { newId, planNotification } from '@herald/domain';
import { createProducerConnection, untilConnected } from '@herald/queue';
import { type Caller, type TestAdmin, useTestAdmin } from '../testing/use-test-admin';

const admin = useTestAdmin();
let tenant: { id: string; admin: Caller };
beforeEach(async () => {
  tenant = await admin.newTenant();
});

/** Deliveries of a tenant that ended as dead letters, in the order of their ids. */
async function dead(
  on: TestAdmin,
  tenantId: string,
  count: number,
  channel: 'email' | 'sms' = 'sms',
  live = true,
) {
  const to = [{ email: 'ada@example.com', phone: '+4915112345678' }];
  const content = { sms: { body: 'Hi' }, email: { subject: 'Hi', text: 'Hi' } };
  const plans = Array.from({ length: count }, () => {
    const plan = planNotification({ to, content, channels: [channel] }, { tenantId, now: Date.now() });
    if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
    return plan.notification;
  });
  await acceptNotifications(
    on.db,
    plans.map((notification) => ({ notification, apiKeyId: tenantId, live, response: '' })),
  );
  const ids = plans.flatMap((plan) => plan.deliveries.map((delivery) => delivery.id));
  const claimed = await claimDeliveries(on.db, ids, 60_000);
  const called = { provider: 'twilio', startedAt: new Date(), durationMs: 5, outcome: 'retry' as const };
  const end = { state: 'dead' as const, reason: 'retries_exhausted' as const, called };
  await recordOutcomes(
    on.db,
    claimed.map(({ id, claim, attempt }) => ({ id, tenantId, claim, attempt, ...end })),
  );
  return ids.sort();
}

const stateOf = async (id: string) =>
  (await admin.db.rows('SELECT state, reason FROM deliveries WHERE id = $1', [id]))[0];
const listed = async (query = '') =>
  (await tenant.admin.get(`/v1/dead-letters${query}`).expect(200)).body.items.map(
    (item: { id: string }) => item.id,
  );
const waitingIds = async (channel: 'email' | 'sms') =>
  (await admin.queues.heads(channel, 'default', [tenant.id])).flatMap(({ ids }) => ids);

const counted = async (what: 'replayed' | 'discarded') => {
  const { body } = await admin.metrics.render();
  return Number(
    new RegExp(`^herald_dead_letters_${what}_total{channel="sms"} (\\d+)$`, 'm').exec(body)?.[1] ?? 0,
  );
};

it('lists dead letters in pages with filters', async () => {
  const sms = await dead(admin, tenant.id, 3);
  const email = await dead(admin, tenant.id, 1, 'email');
  const { body } = await tenant.admin.get('/v1/dead-letters?limit=3').expect(200);
  const newest = [...sms, ...email].sort().reverse();
  expect(body.items.map((item: { id: string }) => item.id)).toEqual(newest.slice(0, 3));
  expect(body.items[0]).toEqual({
    id: newest[0],
    notificationId: expect.any(String),
    channel: expect.any(String),
    priority: 'default',
    provider: 'twilio',
    reason: 'retries_exhausted',
    attempts: 1,
    at: expect.any(String),
  });
  expect(await listed(`?cursor=${body.nextCursor}`)).toEqual(newest.slice(3));
  expect(await listed('?channel=email')).toEqual(email);
  expect(await listed('?reason=retries_exhausted&provider=twilio')).toHaveLength(4);
  expect(await listed('?reason=content_rejected')).toEqual([]);
});

it('replays by ids: the deliveries are queued, rung for and counted', async () => {
  const [first, second, other] = (await dead(admin, tenant.id, 3)) as [string, string, string];
  const unknown = newId(Date.now());
  const before = await counted('replayed');
  const { body } = await tenant.admin
    .post('/v1/dead-letters/replay', { ids: [first, second, first.toUpperCase(), unknown] })
    .expect(200);
  expect(body).toEqual({ replayed: 2, notReplayed: [{ id: unknown, reason: 'not_found' }] });
  expect(await stateOf(first)).toEqual({ state: 'queued', reason: 'replayed' });
  expect(await stateOf(other)).toMatchObject({ state: 'dead' });
  expect(await listed()).toEqual([other]);
  expect(await waitingIds('sms')).toEqual(expect.arrayContaining([first, second]));
  expect(await counted('replayed')).toBe(before + 2);
  const again = await tenant.admin.post('/v1/dead-letters/replay', { ids: [first] }).expect(200);
  expect(again.body).toEqual({ replayed: 0, notReplayed: [{ id: first, reason: 'not_found' }] });
});

it.each(['replay', 'discard'])('takes them out of the queue of the dead on %s', async (action) => {
  const ids = (await dead(admin, tenant.id, 2)) as [string, string];
  await admin.queues.showDead(
    ids.map((id) => ({ id, channel: 'sms' as const, reason: 'retries_exhausted' })),
  );
  const redis = createProducerConnection({ url: process.env.HERALD_TEST_REDIS_URL as string });
  try {
    await untilConnected(redis, 5000);
    const keys = () => redis.keys(`${admin.queues.prefix}:sms-dead:*${ids[0].slice(-12)}`);
    expect(await keys()).toHaveLength(1);
    await tenant.admin.post(`/v1/dead-letters/${action}`, { ids: [ids[0]] }).expect(200);
    expect(await keys()).toEqual([]);
    expect(await redis.keys(`${admin.queues.prefix}:sms-dead:*${ids[1].slice(-12)}`)).toHaveLength(1);
  } finally {
    redis.disconnect();
  }
});

it('replays by filter, oldest first, up to the limit, past what has expired', async () => {
  const ids = await dead(admin, tenant.id, 5, 'email');
  const sms = await dead(admin, tenant.id, 1);
  await admin.db.rows("UPDATE deliveries SET expires_at = now() - interval '1 s' WHERE id = $1", [ids[0]]);
  const before = new Date(Date.now() + 60_000).toISOString();
  const filter = { channel: 'email', reason: 'retries_exhausted', provider: 'twilio', before };
  const { body } = await tenant.admin.post('/v1/dead-letters/replay', { filter, limit: 3 }).expect(200);
  expect(body).toEqual({ replayed: 3, notReplayed: [{ id: ids[0], reason: 'expired' }] });
  expect((await listed()).sort()).toEqual([ids[0], ids[4], ...sms].sort());
  const none = { filter: { ...filter, before: '2020-01-01T00:00:00Z' } };
  expect((await tenant.admin.post('/v1/dead-letters/replay', none)).body).toEqual({ replayed: 0 });
  const rest = await tenant.admin.post('/v1/dead-letters/replay', { filter: {} }).expect(200);
  expect(rest.body).toEqual({ replayed: 2, notReplayed: [{ id: ids[0], reason: 'expired' }] });
});

it('replays more than one statement takes', async () => {
  await dead(admin, tenant.id, 1200);
  const { body } = await tenant.admin
    .post('/v1/dead-letters/replay', { filter: {}, limit: 1100 })
    .expect(200);
  expect(body).toEqual({ replayed: 1100 });
  const left = await tenant.admin.post('/v1/dead-letters/replay', { filter: {} }).expect(200);
  expect(left.body).toEqual({ replayed: 100 });
  expect(await listed()).toEqual([]);
});

it('discards', async () => {
  const ids = await dead(admin, tenant.id, 2);
  const before = await counted('discarded');
  const { body } = await tenant.admin.post('/v1/dead-letters/discard', { ids }).expect(200);
  expect(body).toEqual({ discarded: 2 });
  for (const id of ids) expect(await stateOf(id)).toEqual({ state: 'failed', reason: 'discarded' });
  expect(await listed()).toEqual([]);
  expect(await counted('discarded')).toBe(before + 2);
});

it("does not see or touch another tenant's", async () => {
  const ids = await dead(admin, tenant.id, 1);
  const stranger = await admin.newTenant();
  expect((await stranger.admin.get('/v1/dead-letters')).body.items).toEqual([]);
  const { body } = await stranger.admin.post('/v1/dead-letters/replay', { ids }).expect(200);
  expect(body).toEqual({ replayed: 0, notReplayed: [{ id: ids[0], reason: 'not_found' }] });
  expect((await stranger.admin.post('/v1/dead-letters/discard', { filter: {} })).body).toEqual({
    discarded: 0,
  });
  expect(await listed()).toEqual(ids);
});

it('shows and settles for a test key what test keys posted, for a live key what live keys did', async () => {
  const [live] = (await dead(admin, tenant.id, 1)) as [string];
  const [test] = (await dead(admin, tenant.id, 1, 'sms', false)) as [string];
  const tester = admin.as((await admin.newKey(tenant.id, ['admin'], 'test')).key);
  const listedBy = async (caller: Caller) =>
    (await caller.get(`/v1/dead-letters?tenantId=${tenant.id}`).expect(200)).body.items.map(
      (item: { id: string }) => item.id,
    );
  expect(await listedBy(tester)).toEqual([test]);
  expect(await listed()).toEqual([live]);
  expect((await listedBy(admin.operator)).sort()).toEqual([live, test].sort());
  for (const [action, not] of [
    ['replay', 'notReplayed'],
    ['discard', 'notDiscarded'],
  ]) {
    const { body } = await tester.post(`/v1/dead-letters/${action}`, { ids: [live] }).expect(200);
    expect(body).toMatchObject({ [not as string]: [{ id: live, reason: 'not_found' }] });
    const other = await tenant.admin.post(`/v1/dead-letters/${action}`, { ids: [test] }).expect(200);
    expect(other.body).toMatchObject({ [not as string]: [{ id: test, reason: 'not_found' }] });
  }
  const { body } = await tester.post('/v1/dead-letters/replay', { filter: {} }).expect(200);
  expect(body).toEqual({ replayed: 1 });
  expect(await stateOf(live)).toMatchObject({ state: 'dead' });
  expect(await stateOf(test)).toMatchObject({ state: 'queued' });
});

it.each([
  [{}, '/ids'],
  [{ ids: [] }, '/ids'],
  [{ ids: ['1'] }, '/ids'],
  [{ ids: Array(1001).fill('0190a000-0000-7000-8000-000000000000') }, '/ids'],
  [{ ids: ['0190a000-0000-7000-8000-000000000000'], filter: {} }, '/filter'],
  [{ ids: ['0190a000-0000-7000-8000-000000000000'], limit: 5 }, '/limit'],
  [{ filter: { channel: 'fax' } }, '/filter/channel'],
  [{ filter: { before: 'yesterday' } }, '/filter/before'],
  [{ filter: {}, limit: 100_001 }, '/limit'],
  [{ filter: {}, state: 'dead' }, '/state'],
])('refuses %j', async (body, pointer) => {
  for (const action of ['replay', 'discard']) {
    const answer = await tenant.admin.post(`/v1/dead-letters/${action}`, body).expect(422);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  }
});

describe('without Redis', () => {
  const without = useTestAdmin({ redisUrl: 'redis://127.0.0.1:1' });

  it('replays and discards all the same: the relay will ring', async () => {
    const { id, admin: caller } = await without.newTenant();
    const [first, second] = (await dead(without, id, 2)) as [string, string];
    const { body } = await caller.post('/v1/dead-letters/replay', { ids: [first] }).expect(200);
    expect(body).toEqual({ replayed: 1 });
    const discarded = await caller.post('/v1/dead-letters/discard', { ids: [second] }).expect(200);
    expect(discarded.body).toEqual({ discarded: 1 });
    const { body: metrics } = await without.metrics.render();
    expect(metrics).toContain('herald_replay_ring_failures_total 2');
  });
});
