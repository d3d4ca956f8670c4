import { Database, pauseChannel, resumeChannel } from '@herald/db';
import { deliveryMetrics } from '@herald/delivery';
import { createLogger, Metrics } from '@herald/platform';
import { createProducerConnection, DeliveryQueues, type RedisClient, untilConnected } from '@herald/queue';
import { until, useOwnRedis, useTestDatabase } from '@herald/testing';
import { schedulerMetrics } from './metrics';
import { pausesTurn } from './pauses';

const database = useTestDatabase();
let db: Database;
let client: RedisClient;
let queues: DeliveryQueues;
afterAll(async () => {
  await queues.close();
  client.disconnect();
  await db.close();
});
const redis = useOwnRedis();
beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 2,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
  client = createProducerConnection(redis);
  client.on('error', () => undefined);
  await untilConnected(client, 5000);
  queues = new DeliveryQueues(client, '{own}', () => undefined);
});

const metrics = new Metrics();
const lines = async (name: string) =>
  (await metrics.render()).body
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

it('brings pauses back that Redis lost, counts it, and waits while Redis is away', async () => {
  const turn = () =>
    pausesTurn({
      db,
      queues,
      metrics: deliveryMetrics(metrics),
      schedulerMetrics: schedulerMetrics(metrics),
      logger: createLogger({ service: 'test', level: 'silent' }),
    });
  const left = async () => (await queues.take('sms', 'default', 50, [])).left;

  await turn();
  await pauseChannel(db, { channel: 'sms' });
  await turn();
  await client.flushall();
  await turn();
  expect(await left()).toBe('paused');
  expect(await lines('herald_pauses_repaired_total')).toEqual(
    ['critical', 'default', 'bulk'].map(
      (lane) => `herald_pauses_repaired_total{channel="sms",lane="${lane}",now="paused"} 2`,
    ),
  );
  expect(await lines('herald_pause_checks_total')).toEqual(['herald_pause_checks_total 3']);

  await redis.stop();
  await until(() => !queues.available);
  await turn();
  expect(await lines('herald_pause_checks_total')).toEqual(['herald_pause_checks_total 3']);
  await resumeChannel(db, 'sms');
  await redis.restart();
  await until(() => queues.available);
  await turn();
  expect(await left()).toBe('none');
});
