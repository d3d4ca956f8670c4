import { type Channel, LANES, laneQueueName } from '@herald/contracts';
import {
  adoptPauses,
  agreeOnPauses,
  Database,
  pauseChannel,
  readKeptPauses,
  resumeChannel,
} from '@herald/db';
import { createLogger, Metrics } from '@herald/platform';
import { createProducerConnection, DeliveryQueues, type RedisClient, untilConnected } from '@herald/queue';
import { useTestDatabase, useTestRedis } from '@herald/testing';
import { keepPauses } from './keep-pauses';
import { deliveryMetrics } from './metrics';

const database = useTestDatabase();
const redis = useTestRedis();
let db: Database;
let client: RedisClient;
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
  await db.rows('DELETE FROM pauses');
  await loseRedis();
  await keep();
});
afterAll(async () => {
  await queues.close();
  client.disconnect();
  await db.close();
});

const keep = () =>
  keepPauses({
    db,
    queues,
    metrics: deliveryMetrics(metrics),
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
const left = async (channel: Channel = 'sms') => (await queues.take(channel, 'default', 50, [])).left;
const lanesOf = (channel: Channel) => LANES.map((lane) => ({ channel, lane }));
const metaOf = (channel: Channel, lane: (typeof LANES)[number]) =>
  `${redis.prefix}:${laneQueueName(channel, lane)}:meta`;
const kept = async () => (await readKeptPauses(db)).pauses.map(({ channel, lane }) => `${channel}-${lane}`);
const repaired = async (lane: string, now: string) => {
  const { body } = await metrics.render();
  const label = `herald_pauses_repaired_total{channel="sms",lane="${lane}",now="${now}"} `;
  return Number(
    body
      .split('\n')
      .find((line) => line.startsWith(label))
      ?.slice(label.length) ?? 0,
  );
};
/** As FLUSHALL does it, for this test's part of the common Redis. */
async function loseRedis(): Promise<void> {
  const keys = await client.keys(`${redis.prefix}:*`);
  if (keys.length > 0) await client.del(keys);
}
/** What an older release knew of a pause, and all that it did. */
async function pauseAsBefore(channel: Channel): Promise<void> {
  for (const lane of LANES) await client.hset(metaOf(channel, lane), 'paused', 1);
}

describe('what Redis lost', () => {
  it('is nothing given out of before it is back', async () => {
    await pauseChannel(db, { channel: 'sms' });
    await keep();
    await loseRedis();
    expect([await left('sms'), await left('email')]).toEqual(['unknown', 'unknown']);
    await keep();
    expect([await left('sms'), await left('email')]).toEqual(['paused', 'none']);
    expect(await queues.readPauses()).toMatchObject({ closed: lanesOf('sms'), flagged: lanesOf('sms') });
    expect(await repaired('bulk', 'paused')).toBe(2);
  });

  it('changes nothing once it is back', async () => {
    await pauseChannel(db, { channel: 'sms' });
    await keep();
    const { stamp } = await queues.readPauses();
    await keep();
    expect((await queues.readPauses()).stamp).toBe(stamp);
    expect(await repaired('default', 'paused')).toBe(1);
  });
});

describe('a process that ends', () => {
  it('between Postgres and Redis of a pause leaves a pause', async () => {
    await pauseChannel(db, { channel: 'sms' });
    expect(await left()).toBe('none');
    await keep();
    expect(await left()).toBe('paused');
    expect(await repaired('default', 'paused')).toBe(1);
  });

  it('between Postgres and Redis of a resume leaves none', async () => {
    await pauseChannel(db, { channel: 'sms' });
    await keep();
    await resumeChannel(db, 'sms');
    expect(await left()).toBe('paused');
    await keep();
    expect(await left()).toBe('none');
    expect(await queues.readPauses()).toMatchObject({ closed: [], flagged: [] });
    expect(await repaired('default', 'resumed')).toBe(1);
  });

  it('between the gates and the marks of the queues leaves what the gates say, and the marks follow', async () => {
    await pauseChannel(db, { channel: 'sms' });
    await keep();
    await client.hdel(metaOf('sms', 'default'), 'paused');
    expect(await left()).toBe('paused');
    await keep();
    expect((await queues.readPauses()).flagged).toEqual(lanesOf('sms'));
    await resumeChannel(db, 'sms');
    await keep();
    await client.hset(metaOf('sms', 'bulk'), 'paused', 1);
    await keep();
    expect((await queues.readPauses()).flagged).toEqual([]);
  });
});

it('one who read Postgres before a pause does not undo it afterwards', async () => {
  await loseRedis();
  let first = true;
  await agreeOnPauses(db, {
    readPauses: () => queues.readPauses(),
    setPauses: async (lanes, found) => {
      if (first) {
        await pauseChannel(db, { channel: 'sms' });
        await keep();
      }
      first = false;
      return queues.setPauses(lanes, found as Awaited<ReturnType<DeliveryQueues['readPauses']>>);
    },
  });
  expect(await left()).toBe('paused');
});

it('many at once agree with Postgres', async () => {
  await pauseChannel(db, { channel: 'sms' });
  await loseRedis();
  await Promise.all(Array.from({ length: 20 }, keep));
  await keep();
  expect(await queues.readPauses()).toMatchObject({ closed: lanesOf('sms'), flagged: lanesOf('sms') });
});

describe('an upgrade', () => {
  beforeEach(async () => {
    await db.rows('DELETE FROM done_once');
    await loseRedis();
  });

  it('takes over the pauses that stand in Redis only, once', async () => {
    await pauseAsBefore('sms');
    await Promise.all([keep(), keep(), keep()]);
    expect(await kept()).toEqual(['sms-bulk', 'sms-critical', 'sms-default']);
    expect([await left('sms'), await left('email')]).toEqual(['paused', 'none']);
    await loseRedis();
    await keep();
    expect(await left('sms')).toBe('paused');
    await resumeChannel(db, 'sms');
    await keep();
    await pauseAsBefore('email');
    await keep();
    expect(await kept()).toEqual([]);
    expect(await left('email')).toBe('none');
  });

  it('takes them over also when the first thing that happens is another pause', async () => {
    await pauseAsBefore('sms');
    await pauseChannel(db, { channel: 'email', reason: 'A test' });
    await pauseChannel(db, { channel: 'sms', reason: 'Still' });
    await keep();
    expect(await kept()).toHaveLength(6);
    const { pauses } = await readKeptPauses(db);
    expect(pauses.find(({ channel }) => channel === 'sms')?.reason).toBe('Still');
    expect([await left('sms'), await left('email'), await left('webhook')]).toEqual([
      'paused',
      'paused',
      'none',
    ]);
  });

  it('is not taken over a second time by one who looked before the first was done', async () => {
    await adoptPauses(db, lanesOf('sms'));
    await resumeChannel(db, 'sms');
    await adoptPauses(db, lanesOf('sms'));
    expect(await kept()).toEqual([]);
  });

  it('of what has no pauses is over with the first look', async () => {
    await keep();
    expect(await readKeptPauses(db)).toEqual({ adopted: true, pauses: [] });
  });
});
