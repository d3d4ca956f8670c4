import { acceptNotifications, Database, feedHeads, feedPage } from '@herald/db';
import {
  type InAppMessage,
  type RunningChannelWorker,
  type SendContext,
  startChannelWorker,
} from '@herald/delivery';
import { newId, planNotification } from '@herald/domain';
import { createLogger, Health, Metrics, RedisConfig } from '@herald/platform';
import {
  createProducerConnection,
  DeliveryQueues,
  FeedListener,
  feedKeyOf,
  type RedisClient,
  untilConnected,
} from '@herald/queue';
import { until, useOwnPostgres, useTestDatabase, useTestRedis } from '@herald/testing';
import { feedProvider } from './feed-provider';
import { inappParts } from './parts';

const database = useTestDatabase();
const redis = useTestRedis();
const tenantId = newId(Date.now());
let db: Database;
let client: RedisClient;
let queues: DeliveryQueues;
let worker: RunningChannelWorker;

beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 5,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
  await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test')", [tenantId]);
  client = createProducerConnection(redis);
  await untilConnected(client, 5000);
  queues = new DeliveryQueues(client, redis.prefix, () => undefined);
  worker = await startChannelWorker<'inapp'>({
    ...inappParts(),
    config: {
      worker: {
        critical: 5,
        default: 50,
        bulk: 5,
        attemptTimeoutMs: 10_000,
        leaseMs: 20_000,
        providerCacheMs: 1000,
        maxConnections: 10,
        allowedTargets: [],
        edgePublicUrl: undefined,
      },
      retry: { maxAttempts: 3, baseMs: 1, capMs: 1 },
      postgres: { url: database.url, poolSize: 5, statementTimeoutMs: 10_000, connectTimeoutMs: 3000 },
      redis: Object.assign(new RedisConfig(), { url: redis.url, queuePrefix: redis.prefix }),
    },
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: new Metrics(),
    health: new Health(),
  });
});
afterAll(async () => {
  await worker.stop(5000);
  await queues.close();
  client.disconnect();
  await db.close();
});

const ring = (ids: readonly string[]) =>
  queues.ring(ids.map((id) => ({ id, tenantId, channel: 'inapp', lane: 'default' }) as const));

async function send(recipients: readonly string[]): Promise<string[]> {
  const plan = planNotification(
    {
      to: recipients.map((recipient) => ({ recipient })),
      content: { inapp: { title: 'Hello', body: 'B', category: 'c', url: '/x', data: { a: 1 } } },
    },
    { tenantId, now: Date.now() },
  );
  if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
  const { notification } = plan;
  await acceptNotifications(db, [{ notification, apiKeyId: tenantId, live: true, response: '' }]);
  const ids = notification.deliveries.map(({ id }) => id);
  await ring(ids);
  return ids;
}

const statesOf = async (ids: readonly string[]) =>
  (
    await db.rows<{ state: string }>('SELECT state FROM deliveries WHERE id = ANY($1) ORDER BY id', [ids])
  ).map(({ state }) => state);
const allSent = (ids: readonly string[]) =>
  until(async () => (await statesOf(ids)).every((state) => state === 'sent'), { what: 'all to be sent' });
const page = (recipient: string) => feedPage(db, { tenantId, recipient }, { limit: 100 });

it('puts an item into the feed of each recipient, and rings for them', async () => {
  const rung: string[] = [];
  const listener = new FeedListener({
    servers: redis,
    prefix: redis.prefix,
    onRing: (key, seq) => rung.push(`${key} ${seq}`),
    onReconnect: () => undefined,
    onError: () => undefined,
  });
  const key = feedKeyOf({ tenantId, recipient: 'ada' });
  await until(() => listener.listening, { what: 'the listener to be connected' });
  await listener.listen(key);
  const ids = await send(['ada', 'eve']);
  await allSent(ids);
  const [newest] = await page('ada');
  expect(newest).toMatchObject({
    id: ids[0],
    title: 'Hello',
    body: 'B',
    category: 'c',
    url: '/x',
    data: { a: 1 },
  });
  expect(await page('eve')).toMatchObject([{ id: ids[1] }]);
  const [head] = await feedHeads(db, [{ tenantId, recipient: 'ada' }]);
  await until(() => rung.includes(`${key} ${head!.seq}`));
  listener.close();
});

it('adds an item once, however often its delivery is claimed', async () => {
  const recipients = Array.from({ length: 20 }, (_, n) => `user_${n % 4}`);
  const ids = await send(recipients);
  await allSent(ids);
  await db.rows("UPDATE deliveries SET state = 'queued', due_at = now() WHERE id = ANY($1)", [ids]);
  await ring(ids);
  await until(
    async () => (await db.rows('SELECT 1 FROM attempts WHERE delivery_id = ANY($1)', [ids])).length === 40,
  );
  for (let n = 0; n < 4; n += 1) expect(await page(`user_${n}`)).toHaveLength(5);
});

const item = (recipient: string, title = 'Hello'): InAppMessage => ({
  recipient,
  notificationId: newId(Date.now()),
  content: { title },
});
const contextOf = (deliveryId = newId(Date.now()), tenant = tenantId): SendContext => ({
  tenantId: tenant,
  deliveryId,
  attempt: 1,
  createdAt: Date.now(),
  signal: new AbortController().signal,
});
const silent = { ring: async () => undefined };

it('does not let an item that Postgres refuses take the others of its batch with it', async () => {
  const provider = await feedProvider({ db, bell: silent }).open({}, {} as never);
  const outcomes = await Promise.all(
    ['a', 'b\u0000', 'c'].map((title) => provider.send(item('bob', title), contextOf())),
  );
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'permanent-content', 'accepted']);
  expect((await page('bob')).map(({ title }) => title).sort()).toEqual(['a', 'c']);
});

it('adds what comes together by few statements, whosever it is', async () => {
  const rung: number[] = [];
  const definition = feedProvider({ db, bell: { ring: async (heads) => void rung.push(heads.length) } });
  const tenants = Array.from({ length: 100 }, () => newId(Date.now()));
  const outcomes = await Promise.all(
    tenants.map(async (tenant) => {
      const provider = await definition.open({}, {} as never);
      return provider.send(item('ada'), contextOf(undefined, tenant));
    }),
  );
  expect(outcomes.every(({ outcome }) => outcome === 'accepted')).toBe(true);
  expect(rung.reduce((sum, heads) => sum + heads, 0)).toBe(100);
  expect(rung.length).toBeLessThan(10);
});

describe('without Postgres', () => {
  let own: Database;
  afterAll(() => own.close());
  const postgres = useOwnPostgres();

  it('an item is tried again, and is in the feed once', async () => {
    own = await Database.connect({
      url: postgres.url,
      poolSize: 2,
      statementTimeoutMs: 5000,
      connectTimeoutMs: 1000,
      applicationName: 'test',
    });
    const provider = await feedProvider({ db: own, bell: silent }).open({}, {} as never);
    const context = contextOf();
    const message = item('ada');
    expect(await provider.send(message, context)).toMatchObject({ outcome: 'accepted' });
    await postgres.crash();
    // A session can answer once more before it sees that its server is gone.
    const refused = await until(async () => {
      const outcome = await provider.send(message, context);
      return outcome.outcome !== 'accepted' && outcome;
    });
    expect(refused).toEqual({
      outcome: 'retry',
      reason: 'provider_unavailable',
      code: 'feed_unavailable',
    });
    await postgres.restart();
    await until(async () => (await provider.send(message, context)).outcome === 'accepted');
    expect(await feedPage(own, { tenantId, recipient: 'ada' }, { limit: 10 })).toHaveLength(1);
  });
});
