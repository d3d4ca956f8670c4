import { agreeOnPauses, Database, pauseChannel, resumeChannel } from '@herald/db';
import { newId } from '@herald/domain';
import { Metrics } from '@herald/platform';
import { createProducerConnection, DeliveryQueues, type RedisClient, untilConnected } from '@herald/queue';
import { until, useOwnRedis, useTestDatabase } from '@herald/testing';
import { type RunningChannelWorker } from './start-channel-worker';
import { ScriptedProvider } from './testing/scripted-provider';
import { acceptSms, startTestWorker } from './testing/test-worker';

const database = useTestDatabase();
const prefix = '{own}';
const tenantId = newId(Date.now());
let db: Database;
let client: RedisClient;
let queues: DeliveryQueues;
let live: ScriptedProvider;
let metrics: Metrics;
let worker: RunningChannelWorker;

afterAll(async () => {
  await queues.close();
  client.disconnect();
  await db.close();
});
const redis = useOwnRedis();
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
  client.on('error', () => undefined);
  await untilConnected(client, 5000);
  queues = new DeliveryQueues(client, prefix, () => undefined);
});
beforeEach(async () => {
  await resumeChannel(db, 'sms');
  live = new ScriptedProvider();
  metrics = new Metrics();
  worker = await startTestWorker({
    databaseUrl: database.url,
    redis: { url: redis.url, prefix },
    live,
    simulated: new ScriptedProvider(),
    metrics,
  });
});
afterEach(() => worker.stop(5000));

async function send(delayMs?: number): Promise<string> {
  const [id] = (await acceptSms(db, { tenantId })) as [string];
  await queues.ring([{ id, tenantId, channel: 'sms', lane: 'default', delayMs }]);
  return id;
}
const becomes = (id: string, state: string) =>
  until(async () => (await db.rows('SELECT state FROM deliveries WHERE id = $1', [id]))[0]?.state === state, {
    what: `the delivery to be ${state}`,
  });
const repaired = async () =>
  (await metrics.render()).body.includes('herald_pauses_repaired_total{channel="sms"');
const isClosed = async () => (await queues.readPauses()).closed.length === 3;

it('a worker takes nothing of a paused channel when Redis is emptied, and brings the pause back by itself', async () => {
  await becomes(await send(), 'sent');
  await pauseChannel(db, { channel: 'sms' });
  await agreeOnPauses(db, queues);
  await client.flushall();
  const id = await send();
  await until(repaired, { what: 'the worker to look' });
  expect(await isClosed()).toBe(true);
  expect(live.calls).toHaveLength(1);
  await becomes(id, 'queued');
  expect((await queues.figures('sms', 'default')).deliveries).toBe(1);
  await resumeChannel(db, 'sms');
  await agreeOnPauses(db, queues);
  await becomes(id, 'sent');
  expect(live.calls).toHaveLength(2);
});

it('a worker takes nothing when Redis comes back with data from before the pause', async () => {
  await becomes(await send(), 'sent');
  const id = await send(1500);
  await redis.stop();
  await pauseChannel(db, { channel: 'sms' });
  await redis.restart();
  await until(repaired, { what: 'the worker to look' });
  expect(await isClosed()).toBe(true);
  expect(live.calls).toHaveLength(1);
  await resumeChannel(db, 'sms');
  await agreeOnPauses(db, queues);
  await becomes(id, 'sent');
});

it('a worker goes on by itself when Redis is emptied and nothing is paused', async () => {
  await becomes(await send(), 'sent');
  await client.flushall();
  await becomes(await send(), 'sent');
  expect(await repaired()).toBe(false);
});
