import { Database, getDelivery } from '@herald/db';
import { newId } from '@herald/domain';
import { createProducerConnection, DeliveryQueues, type RedisClient, untilConnected } from '@herald/queue';
import { until, useTestDatabase, useTestRedis } from '@herald/testing';
import { type RunningChannelWorker } from '../start-channel-worker';
import { ScriptedProvider } from './scripted-provider';
import { type SendOptions, sendSms, startTestWorker, type TestWorkerOptions } from './test-worker';

/**
 * A database, a Redis and workers of one test file, with a tenant and scripted providers of each test. To be called at the
 * top of the file; what it gives is there in hooks and tests.
 */
export function useTestDelivery() {
  const database = useTestDatabase();
  const redis = useTestRedis();
  let client: RedisClient;
  let db: Database;
  let queues: DeliveryQueues;
  let tenantId: string;
  let live: ScriptedProvider;
  let simulated: ScriptedProvider;
  const workers: RunningChannelWorker[] = [];

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
    tenantId = newId(Date.now());
    await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test')", [tenantId]);
    live = new ScriptedProvider();
    simulated = new ScriptedProvider();
  });
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop(5000))));
  afterAll(async () => {
    await queues.close();
    client.disconnect();
    await db.close();
  });

  const stateOf = async (id: string): Promise<string | undefined> =>
    (await db.rows<{ state: string }>('SELECT state FROM deliveries WHERE id = $1', [id]))[0]?.state;
  const counts = async (ids: readonly string[]): Promise<Record<string, number>> => {
    const rows = await db.rows<{ state: string; n: number }>(
      'SELECT state, count(*)::integer AS n FROM deliveries WHERE id = ANY($1) GROUP BY state',
      [ids],
    );
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  };
  const send = (over: Partial<SendOptions> = {}) => sendSms(db, queues, { tenantId, ...over });

  return {
    database,
    redis,
    get client() {
      return client;
    },
    get db() {
      return db;
    },
    get queues() {
      return queues;
    },
    /** New for each test. */
    get tenantId() {
      return tenantId;
    },
    /** What live keys go to, unless a worker is started with others; new for each test. */
    get live() {
      return live;
    },
    get simulated() {
      return simulated;
    },
    /** Starts a worker that is stopped when the test ends. */
    start: async (over: Partial<TestWorkerOptions> = {}): Promise<RunningChannelWorker> => {
      const worker = await startTestWorker({ databaseUrl: database.url, redis, live, simulated, ...over });
      workers.push(worker);
      return worker;
    },
    /** Stops a worker that the end of the test would stop. */
    stop: async (worker: RunningChannelWorker, deadlineMs: number): Promise<void> => {
      workers.splice(workers.indexOf(worker), 1);
      await worker.stop(deadlineMs);
    },
    send,
    sendOne: async (over: Partial<SendOptions> = {}) => (await send(over))[0] as string,
    ring: (ids: readonly string[]) =>
      queues.ring(ids.map((id) => ({ id, tenantId, channel: 'sms', lane: 'default' }) as const)),
    view: (id: string, mode = true) => getDelivery(db, { tenantId, live: mode }, id),
    stateOf,
    counts,
    becomes: (id: string, state: string) =>
      until(async () => (await stateOf(id)) === state, { what: `the delivery to be ${state}` }),
    allSent: (ids: readonly string[]) =>
      until(async () => (await counts(ids)).sent === ids.length, { what: `${ids.length} sent` }),
  };
}
