import { acceptNotifications, agreeOnPauses, claimDeliveries, Database, getDelivery } from '@herald/db';
import { deliveryMetrics } from '@herald/delivery';
import { newId, planNotification, RETRY_POLICIES } from '@herald/domain';
import { Metrics } from '@herald/platform';
import {
  createProducerConnection,
  createWorkerConnection,
  DeliveryQueues,
  LaneWorker,
  type RedisClient,
  untilConnected,
} from '@herald/queue';
import { until, useOwnRedis, useTestDatabase, useTestRedis } from '@herald/testing';
import { ClaimPatience } from './claim-patience';
import { schedulerMetrics } from './metrics';
import { type RelayDeps, relayTurn } from './relay';

const GRACE_MS = 10_000;
const database = useTestDatabase();
const redis = useTestRedis();
const tenantId = newId(Date.now());
const go = new AbortController().signal;
type Client = RedisClient;
let db: Database;
let client: Client;
let queues: DeliveryQueues;
let metrics: Metrics;

beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 10,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
  client = createProducerConnection(redis);
  await untilConnected(client, 5000);
  queues = new DeliveryQueues(client, redis.prefix, () => undefined);
});
beforeEach(async () => {
  metrics = new Metrics();
  await loseJobs();
  await db.rows('TRUNCATE deliveries, notifications, attempts, dead_letters');
});
afterAll(async () => {
  await queues.close();
  client.disconnect();
  await db.close();
});

const depsOf = (over: Partial<RelayDeps> = {}): RelayDeps => ({
  db,
  queues,
  graceMs: GRACE_MS,
  patience: new ClaimPatience(),
  retryPolicies: RETRY_POLICIES,
  metrics: schedulerMetrics(metrics),
  deliveryMetrics: deliveryMetrics(metrics),
  ...over,
});
const turn = (over: Partial<RelayDeps> = {}) => relayTurn(depsOf(over), go);

async function accept(
  count: number,
  policy: 'at_least_once' | 'at_most_once' = 'at_least_once',
  tenant = tenantId,
): Promise<string[]> {
  const dto = {
    to: Array.from({ length: count }, (_, n) => ({ phone: `+49151123${String(n + 10_000).slice(0, 5)}` })),
    content: { sms: { body: 'Hello' } },
    delivery: policy,
  };
  const plan = planNotification(dto, { tenantId: tenant, now: Date.now() });
  if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
  await acceptNotifications(db, [
    { notification: plan.notification, apiKeyId: tenantId, live: true, response: '' },
  ]);
  return plan.notification.deliveries.map((delivery) => delivery.id);
}

const ring = (ids: readonly string[], tenant = tenantId) =>
  queues.ring(ids.map((id) => ({ id, tenantId: tenant, channel: 'sms', lane: 'default' }) as const));
/** As if so many milliseconds had gone by. */
const later = (ms: number) =>
  db.rows(
    `UPDATE deliveries SET due_at = due_at - $1::integer * interval '1 millisecond',
       first_due_at = first_due_at - $1::integer * interval '1 millisecond',
       lease_until = lease_until - $1::integer * interval '1 millisecond'`,
    [ms],
  );
async function loseJobs(): Promise<void> {
  const keys = await client.keys(`${redis.prefix}:*`);
  if (keys.length > 0) await client.del(keys);
  await agreeOnPauses(db, queues);
}
const jobs = async () => (await queues.figures('sms', 'default')).waiting;
const waiting = async () => (await queues.figures('sms', 'default')).deliveries;
/** Takes all that waits, in the order in which it would be worked on. */
const takeAll = async () =>
  (await queues.take('sms', 'default', 1_000_000, [])).payloads.flatMap(({ ids }) => ids);
const view = (id: string) => getDelivery(db, { tenantId, live: true }, id);

describe('relayTurn', () => {
  it('rings for what no job rings for, once per grace period', async () => {
    const ids = await accept(120);
    await turn();
    expect(await jobs()).toBe(0);
    await later(GRACE_MS + 1000);
    await turn();
    expect([await jobs(), await waiting()]).toEqual([3, 120]);
    for (let round = 0; round < 3; round += 1) await turn();
    expect([await jobs(), await waiting()]).toEqual([3, 120]);
    expect((await takeAll()).sort()).toEqual([...ids].sort());
    // Redis loses everything again.
    await loseJobs();
    await later(GRACE_MS / 2);
    await turn();
    expect(await jobs()).toBe(0);
    await later(GRACE_MS / 2 + 1000);
    await turn();
    expect([await jobs(), await waiting()]).toEqual([3, 120]);
    const { body } = await metrics.render();
    expect(body).toContain('herald_relay_rescued_total{channel="sms",lane="default"} 240');
  });

  it('rings for all that one tenant lost and for the little of another in the same turn', async () => {
    const other = newId(Date.now());
    for (let n = 0; n < 3; n += 1) await accept(1000);
    await accept(10, 'at_least_once', other);
    await later(GRACE_MS + 1000);
    await turn();
    expect(await waiting()).toBe(3010);
  });

  it('does not multiply a backlog that is in the queue, however old it is', async () => {
    await ring(await accept(500));
    await later(3_600_000);
    await ring(await accept(100));
    for (let round = 0; round < 5; round += 1) await turn();
    expect([await jobs(), await waiting()]).toEqual([12, 600]);
    const { body } = await metrics.render();
    expect(body).toContain('herald_queue_deliveries{channel="sms",lane="default"} 600');
    expect(body).not.toContain('herald_tickets_added_total{channel="sms",lane="default"} 1');
    expect(body).toContain('herald_queue_jobs{channel="sms",lane="default",state="waiting"} 12');
    const age = /herald_queue_oldest_age_seconds\{channel="sms",lane="default"\} (\d+)/.exec(body)?.[1];
    expect(Number(age)).toBeGreaterThanOrEqual(3600);
  });

  it('finds what was lost before the backlog began', async () => {
    const lost = await accept(3);
    await later(60_000);
    await ring(await accept(10));
    await turn();
    expect(await jobs()).toBe(2);
    await turn();
    expect(await jobs()).toBe(2);
    expect((await takeAll()).slice(10).sort()).toEqual([...lost].sort());
  });

  it('goes by the head of each tenant: the backlog of one hides no loss of another', async () => {
    const [other, third] = [newId(Date.now()), newId(Date.now())];
    await ring(await accept(300));
    const lost = await accept(4, undefined, other);
    const canceled = await accept(2, undefined, third);
    await accept(3, undefined, third);
    await ring(canceled, third);
    await db.rows("UPDATE deliveries SET state = 'canceled', due_at = NULL WHERE id = ANY($1)", [canceled]);
    await later(3_600_000);
    await turn();
    await turn();
    expect(await waiting()).toBe(306);
    expect((await queues.heads('sms', 'default', [other]))[0]?.ids.sort()).toEqual([...lost].sort());
  });

  it('adds tickets that are missing for what waits, and lets in what came due without one', async () => {
    await ring(await accept(170));
    await queues.ring([{ id: newId(1), tenantId, channel: 'sms', lane: 'default', delayMs: 1 }]);
    await client.del(['wait', 'delayed'].map((key) => `${redis.prefix}:sms-default:${key}`));
    await until(async () => (await waiting()) === 171);
    expect(await jobs()).toBe(0);
    for (let round = 0; round < 3; round += 1) await turn();
    expect([await jobs(), await waiting()]).toEqual([4, 171]);
    const { body } = await metrics.render();
    expect(body).toContain('herald_tickets_added_total{channel="sms",lane="default"} 4');
  });

  it('finds what a worker took and did not live to claim', async () => {
    const lost = await accept(50);
    await ring(lost);
    await later(GRACE_MS + 1000);
    const younger = await accept(10);
    await ring(younger);
    await queues.take('sms', 'default', 50, []);
    await turn();
    await turn();
    const all = await takeAll();
    expect(all.slice(0, 10)).toEqual(younger);
    expect(all.slice(10).sort()).toEqual([...lost].sort());
    // As long as a worker goes on, what has the same age as the head is found when the head has gone by.
    await later(GRACE_MS + 1000);
    await turn();
    expect((await takeAll()).sort()).toEqual([...lost, ...younger].sort());
  });

  it('rings at most once more for a retry whose ticket has not run', async () => {
    const ids = await accept(5);
    await queues.ring(
      ids.map((id) => ({ id, tenantId, channel: 'sms', lane: 'default', delayMs: 1 }) as const),
    );
    await later(60_000);
    for (let round = 0; round < 5; round += 1) await turn();
    expect(await waiting()).toBeLessThanOrEqual(10);
    expect(new Set(await takeAll())).toEqual(new Set(ids));
  });

  it('waits while only canceled deliveries stand at the head', async () => {
    const canceled = await accept(5);
    await ring(canceled);
    await db.rows("UPDATE deliveries SET state = 'canceled', due_at = NULL");
    await accept(5);
    await later(60_000);
    await turn();
    expect(await jobs()).toBe(1);
  });

  it('changes nothing when Redis is away, nor when it is told to stop', async () => {
    const [id] = (await accept(1)) as [string];
    await later(60_000);
    const before = await view(id);
    const gone = createProducerConnection({ url: 'redis://127.0.0.1:1' });
    gone.on('error', () => undefined);
    const unreachable = new DeliveryQueues(gone, redis.prefix, () => undefined);
    await turn({ queues: unreachable });
    gone.disconnect();
    await relayTurn(depsOf(), AbortSignal.abort());
    expect(await view(id)).toEqual(before);
    await turn();
    expect(await jobs()).toBe(1);
  });
});

describe('lost claims', () => {
  it.each([
    ['at_least_once', 'queued', 'retry_scheduled'],
    ['at_most_once', 'dead', 'outcome_unknown'],
  ] as const)('are settled by policy: %s makes them %s', async (policy, state, reason) => {
    const [lost, held] = (await accept(2, policy)) as [string, string];
    await claimDeliveries(db, [lost, held], 60_000);
    await turn();
    expect(await view(lost)).toMatchObject({ state: 'sending' });
    await later(61_000);
    await db.rows("UPDATE deliveries SET lease_until = now() + interval '1 minute' WHERE id = $1", [held]);
    await turn();
    expect(await view(held)).toMatchObject({ state: 'sending' });
    expect(await view(lost)).toMatchObject({
      state,
      reason,
      attempts: [{ number: 1, provider: 'unknown', outcome: 'ambiguous', reason: 'worker_lost' }],
    });
    const { waiting, delayed } = await queues.figures('sms', 'default');
    expect(waiting + delayed).toBe(state === 'queued' ? 1 : 0);
    const shown = await client.exists(`${redis.prefix}:sms-dead:dead-${lost}`);
    expect(shown).toBe(state === 'dead' ? 1 : 0);
    await turn();
    expect((await view(lost))?.attempts).toHaveLength(1);
    const { body } = await metrics.render();
    expect(body).toContain('herald_lost_claims_total{channel="sms"} 1');
  });

  it('are left to their workers for a while after Postgres was away', async () => {
    const lost = await accept(2);
    await claimDeliveries(db, lost, 1000);
    await later(30_000);
    let now = 0;
    const patience = new ClaimPatience(() => now);
    const refused = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
    const away = { rows: refused, prepared: refused } as unknown as Database;
    await expect(turn({ patience, db: away })).rejects.toThrow('connect');
    now = 14_000;
    await turn({ patience });
    for (const id of lost) expect(await view(id)).toMatchObject({ state: 'sending' });
    now = 15_000;
    await turn({ patience });
    for (const id of lost) expect(await view(id)).toMatchObject({ state: 'queued' });
  });

  it('are found although a backlog waits', async () => {
    const lost = await accept(2);
    await claimDeliveries(db, lost, 1000);
    await later(30_000);
    await ring(await accept(200));
    await turn();
    for (const id of lost)
      expect(await view(id)).toMatchObject({ state: 'queued', reason: 'retry_scheduled' });
  });
});

describe('when Redis loses everything', () => {
  afterAll(() => own.client?.disconnect());
  const server = useOwnRedis();
  const own: { client?: Client } = {};

  it('every delivery is rung for again and none is forgotten', async () => {
    own.client = createProducerConnection(server);
    own.client.on('error', () => undefined);
    await untilConnected(own.client, 5000);
    const lane = new DeliveryQueues(own.client, '{own}', () => undefined);
    const ids = await accept(300);
    await lane.ring(ids.map((id) => ({ id, tenantId, channel: 'sms', lane: 'default' }) as const));
    await own.client.flushall();
    await agreeOnPauses(db, lane);
    const got = new Set<string>();
    const consumer = createWorkerConnection(server);
    const worker = new LaneWorker({
      connection: consumer,
      prefix: '{own}',
      channel: 'sms',
      lane: 'default',
      concurrency: 5,
      process: async () => {
        const { payloads } = await lane.take('sms', 'default', 50, []);
        const some = payloads.flatMap((payload) => payload.ids);
        if (some.length > 0) for (const { id } of await claimDeliveries(db, some, 60_000)) got.add(id);
        return 'done';
      },
      letIn: async () => undefined,
      onError: () => undefined,
    });
    await later(GRACE_MS + 1000);
    await turn({ queues: lane });
    await until(() => got.size === 300, { what: 'all deliveries' });
    await worker.close(5000);
    consumer.disconnect();
    await lane.close();
  }, 30_000);
});
