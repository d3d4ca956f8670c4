import {
  CHANNELS,
  type Channel,
  LANES,
  type Lane,
  type LaneRef,
  laneQueueName,
  MAX_IDS_PER_JOB,
} from '@herald/contracts';
import { newId } from '@herald/domain';
import { until, useOwnRedis, useTestRedis } from '@herald/testing';
import { Queue } from 'bullmq';
import fc from 'fast-check';
import { createProducerConnection, type RedisClient, untilConnected } from './connection';
import { DeliveryQueues, type Ring } from './delivery-queues';

const someId = () => newId(Date.now());
const someIds = (count: number) => Array.from({ length: count }, someId);
const tenantId = newId(1);
const ringOf = (id: string, channel: Channel = 'email', lane: Lane = 'default'): Ring => ({
  id,
  tenantId,
  channel,
  lane,
});

async function connected(url: string): Promise<RedisClient> {
  const client = createProducerConnection({ url });
  client.on('error', () => undefined);
  await untilConnected(client, 5000);
  return client;
}

describe('DeliveryQueues', () => {
  const server = useTestRedis();
  let redis: RedisClient;
  let queues: DeliveryQueues;
  let looking: Map<string, Queue>;

  beforeAll(async () => {
    redis = await connected(server.url);
    queues = new DeliveryQueues(redis, server.prefix, () => undefined);
    await hold();
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
    const lists = await redis.keys(`${server.prefix}:*:fair*`);
    if (lists.length > 0) await redis.del(lists);
  });
  afterAll(async () => {
    await queues.close();
    for (const queue of looking.values()) await queue.close();
    redis.disconnect();
  });

  const hold = async (...channels: Channel[]) =>
    queues.setPauses(
      channels.flatMap((channel) => LANES.map((lane) => ({ channel, lane }))),
      await queues.readPauses(),
    );
  const seen = (name: string) => looking.get(name) as Queue;
  const jobs = (name: string) => seen(name).getJobs(['wait', 'delayed'], 0, -1, true);
  const idsOf = async (name: string) => (await jobs(name)).flatMap((job) => job.data.ids as string[]);
  /** Everything that waits in a lane now, in the order in which it would be worked on. */
  const waitingIn = async (channel: Channel, lane: Lane) =>
    (await queues.take(channel, lane, 1_000_000, [])).payloads.flatMap(({ ids }) => ids);

  describe('ring', () => {
    it('puts in a ticket for 50, whatever the tenants are', async () => {
      const ids = someIds(120);
      await queues.ring(ids.map((id) => ringOf(id)));
      expect((await jobs('email-default')).map((job) => job.data)).toEqual([{ v: 2 }, { v: 2 }, { v: 2 }]);
      expect(await waitingIn('email', 'default')).toEqual(ids);
      await queues.ring(someIds(200).map((id) => ({ ...ringOf(id, 'sms'), tenantId: someId() })));
      expect(await jobs('sms-default')).toHaveLength(4);
    });

    it('times the ticket of what is to come later', async () => {
      const id = someId();
      await queues.ring([{ ...ringOf(id), delayMs: 60_000.5 }]);
      const [job, ...more] = await jobs('email-default');
      expect([job?.data, job?.opts.delay, more]).toEqual([{ v: 2 }, 60_001, []]);
      expect(await waitingIn('email', 'default')).toEqual([]);
    });

    it('loses none and repeats none, whatever comes together', async () => {
      const rings = fc.array(
        fc.record({
          channel: fc.constantFrom(...CHANNELS),
          lane: fc.constantFrom(...LANES),
          tenantId: fc.constantFrom(...someIds(4)),
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
              const expected = rung.filter((ring) => ring.channel === channel && ring.lane === lane);
              const now = expected.filter(({ delayMs = 0 }) => delayMs < 1).map(({ id }) => id);
              const [atOnce, later] = [
                expected.filter(({ delayMs }) => !delayMs),
                expected.length - now.length,
              ];
              const { waiting, delayed } = await queues.figures(channel, lane);
              const soon = now.length - atOnce.length;
              expect(delayed).toBeGreaterThanOrEqual(later);
              expect(waiting + delayed).toBe(Math.ceil(atOnce.length / MAX_IDS_PER_JOB) + soon + later);
              expect((await waitingIn(channel, lane)).sort()).toEqual(now.sort());
              await seen(laneQueueName(channel, lane)).drain(true);
              await redis.del(`${server.prefix}:${laneQueueName(channel, lane)}:fair:later`);
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
        deliveries: 0,
      });
    });

    it('count tickets and what waits for them', async () => {
      await queues.ring(someIds(3).map((id) => ringOf(id)));
      await queues.ring(someIds(400).map((id) => ringOf(id)));
      await queues.ring([{ ...ringOf(someId()), delayMs: 60_000 }]);
      expect(await queues.figures('email', 'default')).toMatchObject({
        waiting: 9,
        delayed: 1,
        deliveries: 403,
      });
      await queues.take('email', 'default', 50, []);
      expect(await queues.figures('email', 'default')).toMatchObject({ deliveries: 350 });
    });

    it('say the same while the channel is paused', async () => {
      await queues.ring(someIds(60).map((id) => ringOf(id)));
      await hold('email');
      await queues.ring([ringOf(someId())]);
      expect(await queues.figures('email', 'default')).toMatchObject({ waiting: 3, deliveries: 61 });
      await hold();
    });
  });

  describe('addMissingTickets', () => {
    const add = async () => queues.addMissingTickets(await queues.figures('email', 'default'));

    it('adds those that were not put in any more, once', async () => {
      await queues.ring(someIds(220).map((id) => ringOf(id)));
      expect(await add()).toBe(0);
      await seen('email-default').drain();
      expect([await add(), await add()]).toEqual([5, 0]);
      expect(await queues.figures('email', 'default')).toMatchObject({ waiting: 5, deliveries: 220 });
    });

    it('adds one for what came due and has none', async () => {
      await queues.ring([{ ...ringOf(someId()), delayMs: 150 }]);
      await seen('email-default').drain(true);
      expect(await add()).toBe(0);
      await until(async () => (await add()) === 1);
    });
  });

  it('names the oldest that wait of each tenant', async () => {
    const ids = someIds(120);
    await queues.ring(ids.map((id) => ringOf(id)));
    const other = someId();
    expect(await queues.heads('email', 'default', [other, tenantId])).toEqual([
      { tenantId, ids: ids.slice(0, 5) },
    ]);
    expect(await queues.heads('email', 'default', [])).toEqual([]);
  });

  it('holds back the lanes that it is told and no others', async () => {
    expect(await hold('email')).toBe(true);
    const lanes = LANES.map((lane) => ({ channel: 'email', lane }));
    expect(await queues.readPauses()).toMatchObject({ closed: lanes, flagged: lanes });
    for (const lane of LANES) expect(await seen(laneQueueName('email', lane)).isPaused()).toBe(true);
    expect(await seen('sms-default').isPaused()).toBe(false);
    const id = someId();
    await queues.ring([ringOf(id)]);
    expect(await queues.take('email', 'default', 50, [])).toEqual({ payloads: [], left: 'paused' });
    expect((await queues.take('sms', 'default', 50, [])).left).toBe('none');
    await hold();
    expect(await queues.readPauses()).toMatchObject({ closed: [], flagged: [] });
    expect(await waitingIn('email', 'default')).toEqual([id]);
    for (const lane of LANES) expect(await seen(laneQueueName('email', lane)).isPaused()).toBe(false);
  });

  it('does not set pauses over others that were set meanwhile', async () => {
    const before = await queues.readPauses();
    await hold('email');
    expect(await queues.setPauses([], before)).toBe(false);
    expect((await queues.readPauses()).closed).toHaveLength(3);
    expect(await seen('email-bulk').isPaused()).toBe(true);
    await hold();
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
  let redis: RedisClient;
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
    await expect(queues.readPauses()).rejects.toThrow();
    await expect(queues.setPauses([], { closed: [], flagged: [] })).rejects.toThrow('Redis is');
    expect(performance.now() - startedAt).toBeLessThan(1000);

    await server.restart();
    const again = someId();
    await until(async () => queues.ring([ringOf(again)]).then(() => true), { what: 'ringing again' });
    await queues.setPauses([], await queues.readPauses());
    const waiting = await queues.take('email', 'default', 1000, []);
    expect(waiting.payloads.flatMap(({ ids }) => ids)).toContain(again);
    await server.stop();
    await queues.close();
  }, 30_000);
});

describe('DeliveryQueues of a full Redis', () => {
  let redis: RedisClient;
  let queues: DeliveryQueues;
  afterAll(async () => {
    await queues.close();
    redis.disconnect();
  });
  const server = useOwnRedis();

  it('are held back, and what is not can be worked off', async () => {
    redis = await connected(server.url);
    queues = new DeliveryQueues(redis, '{own}', () => undefined);
    const hold = async (lanes: LaneRef[]) => queues.setPauses(lanes, await queues.readPauses());
    const paused = { channel: 'email', lane: 'default' } as const;
    await hold([]);
    await queues.ring([ringOf(someId()), ringOf(someId(), 'sms')]);
    await redis.config('SET', 'maxmemory', '1');
    expect(await hold([paused])).toBe(true);
    expect(await queues.take('email', 'default', 50, [])).toEqual({ payloads: [], left: 'paused' });
    expect((await queues.take('sms', 'default', 50, [])).payloads).toHaveLength(1);
    expect(await queues.readPauses()).toMatchObject({ closed: [paused], flagged: [] });
    await redis.config('SET', 'maxmemory', '0');
    await hold([paused]);
    expect(await queues.readPauses()).toMatchObject({ closed: [paused], flagged: [paused] });
  });
});
