import { CHANNELS, type Channel, LANES, type Lane, laneQueueName, MAX_IDS_PER_JOB } from '@herald/contracts';
import { newId } from '@herald/domain';
import { until, useOwnRedis, useTestRedis } from '@herald/testing';
import { Queue } from 'bullmq';
import fc from 'fast-check';
import { type Redis } from 'ioredis';
import { createProducerConnection, untilConnected } from './connection';
import { DeliveryQueues, type Ring } from './delivery-queues';

const someId = () => newId(Date.now());
const someIds = (count: number) => Array.from({ length: count }, someId);
const ringOf = (id: string, channel: Channel = 'email', lane: Lane = 'default'): Ring => ({
  id,
  channel,
  lane,
});

async function connected(url: string): Promise<Redis> {
  const client = createProducerConnection(url);
  client.on('error', () => undefined);
  await untilConnected(client, 5000);
  return client;
}

describe('DeliveryQueues', () => {
  const server = useTestRedis();
  let redis: Redis;
  let queues: DeliveryQueues;
  let looking: Map<string, Queue>;

  beforeAll(async () => {
    redis = await connected(server.url);
    queues = new DeliveryQueues(redis, server.prefix, () => undefined);
    const names = CHANNELS.flatMap((channel) => [
      `${channel}-dead`,
      ...LANES.map((lane) => laneQueueName(channel, lane)),
    ]);
    looking = new Map(
      names.map((name) => [name, new Queue(name, { connection: redis, prefix: server.prefix })]),
    );
  });
  afterEach(async () => {
    for (const queue of looking.values()) await queue.obliterate({ force: true });
  });
  afterAll(async () => {
    await queues.close();
    for (const queue of looking.values()) await queue.close();
    redis.disconnect();
  });

  const seen = (name: string) => looking.get(name) as Queue;
  const jobs = (name: string) => seen(name).getJobs(['wait', 'delayed'], 0, -1, true);
  const idsOf = async (name: string) => (await jobs(name)).flatMap((job) => job.data.ids as string[]);

  describe('ring', () => {
    it('packs what is due into jobs of at most 50, in order', async () => {
      const ids = someIds(120);
      await queues.ring(ids.map((id) => ringOf(id)));
      const packed = await jobs('email-default');
      expect(packed.map((job) => job.data.ids.length)).toEqual([50, 50, 20]);
      expect(packed.flatMap((job) => job.data.ids)).toEqual(ids);
      expect(packed[0]?.data).toEqual({ v: 1, ids: ids.slice(0, 50) });
    });

    it('loses none and repeats none, whatever comes together', async () => {
      const rings = fc.array(
        fc.record({
          channel: fc.constantFrom(...CHANNELS),
          lane: fc.constantFrom(...LANES),
          delayMs: fc.constantFrom(undefined, undefined, 0, 0.4, 60_000, 90_000.5),
        }),
        { maxLength: 200 },
      );
      await fc.assert(
        fc.asyncProperty(rings, async (some) => {
          const rung: Ring[] = some.map((ring) => ({ ...ring, id: someId() }));
          await queues.ring(rung);
          for (const channel of CHANNELS) {
            for (const lane of LANES) {
              const name = laneQueueName(channel, lane);
              const found = await jobs(name);
              const expected = rung.filter((ring) => ring.channel === channel && ring.lane === lane);
              expect(found.flatMap((job) => job.data.ids).sort()).toEqual(
                expected.map((ring) => ring.id).sort(),
              );
              for (const job of found) expect(job.data.ids.length).toBeLessThanOrEqual(MAX_IDS_PER_JOB);
              for (const { id, delayMs } of expected.filter((ring) => ring.delayMs)) {
                const job = found.find(({ data }) => data.ids.includes(id));
                expect([job?.data.ids, job?.opts.delay]).toEqual([[id], Math.ceil(delayMs as number)]);
              }
              await seen(name).drain(true);
            }
          }
        }),
        { numRuns: 15 },
      );
    });
  });

  describe('figures', () => {
    it('are nothing for an empty lane', async () => {
      expect(await queues.figures('sms', 'bulk')).toEqual({
        channel: 'sms',
        lane: 'bulk',
        waiting: 0,
        delayed: 0,
        active: 0,
        headIds: [],
      });
    });

    it('count jobs and name the deliveries of the oldest ones', async () => {
      const oldest = someIds(3);
      await queues.ring(oldest.map((id) => ringOf(id)));
      const rest = someIds(400);
      await queues.ring(rest.map((id) => ringOf(id)));
      await queues.ring([{ ...ringOf(someId()), delayMs: 60_000 }]);
      const { waiting, delayed, headIds } = await queues.figures('email', 'default');
      expect([waiting, delayed]).toEqual([9, 1]);
      expect(headIds).toEqual([...oldest, ...rest.slice(0, 200)]);
    });

    it('say the same while the channel is paused', async () => {
      const ids = someIds(60);
      await queues.ring(ids.map((id) => ringOf(id)));
      await queues.pause('email');
      await queues.ring([ringOf(ids[0] as string)]);
      expect(await queues.figures('email', 'default')).toMatchObject({
        waiting: 3,
        headIds: [...ids, ids[0]],
      });
      await queues.resume('email');
    });
  });

  it('pauses and resumes all lanes of a channel and of no other', async () => {
    await queues.pause('email');
    expect(await Promise.all(CHANNELS.map((channel) => queues.isPaused(channel)))).toEqual([
      true,
      false,
      false,
    ]);
    for (const lane of LANES) expect(await seen(laneQueueName('email', lane)).isPaused()).toBe(true);
    await queues.resume('email');
    for (const lane of LANES) expect(await seen(laneQueueName('email', lane)).isPaused()).toBe(false);
  });

  describe('the dead-letter queue', () => {
    const letter = (id: string) => ({ id, channel: 'sms' as const, reason: 'retries_exhausted' });

    it('shows each dead letter once, with its reason', async () => {
      const id = someId();
      await queues.showDead([letter(id)]);
      await queues.showDead([letter(id), letter(someId())]);
      const shown = await jobs('sms-dead');
      expect(shown).toHaveLength(2);
      expect(shown[0]).toMatchObject({
        name: 'dead-letter',
        data: { v: 1, ids: [id], reason: 'retries_exhausted' },
      });
      expect(await idsOf('email-dead')).toEqual([]);
    });

    it('hides what was settled, and can show it again', async () => {
      const [id, other] = [someId(), someId()];
      await queues.showDead([letter(id), letter(other)]);
      await queues.hideDead([{ id, channel: 'sms' }]);
      await queues.hideDead([{ id, channel: 'sms' }]);
      expect(await idsOf('sms-dead')).toEqual([other]);
      await queues.showDead([letter(id)]);
      expect(await idsOf('sms-dead')).toEqual([other, id]);
    });
  });
});

describe('DeliveryQueues without Redis', () => {
  let redis: Redis;
  let queues: DeliveryQueues;
  afterAll(() => redis.disconnect());
  const server = useOwnRedis();

  it('rejects at once, closes at once, and works again when it is back', async () => {
    redis = await connected(server.url);
    queues = new DeliveryQueues(redis, '{own}', () => undefined);
    const id = someId();
    await queues.ring([ringOf(id)]);
    await server.stop();

    const startedAt = performance.now();
    await expect(queues.ring([ringOf(someId())])).rejects.toThrow('Redis is');
    await expect(queues.showDead([{ id, channel: 'sms', reason: 'x' }])).rejects.toThrow();
    await expect(queues.figures('email', 'default')).rejects.toThrow();
    expect(performance.now() - startedAt).toBeLessThan(1000);

    await server.restart();
    const again = someId();
    await until(async () => queues.ring([ringOf(again)]).then(() => true), { what: 'ringing again' });
    expect((await queues.figures('email', 'default')).headIds).toContain(again);
    await server.stop();
    await queues.close();
  }, 30_000);
});
