import { randomUUID } from 'node:crypto';
import {
  canStartRedisTopologies,
  type RedisTopology,
  startRedisCluster,
  startSentinels,
  until,
} from '@herald/testing';
import { BreakerBoard } from './breaker-board';
import {
  createProducerConnection,
  createWorkerConnection,
  type RedisClient,
  untilConnected,
} from './connection';
import { DeliveryQueues } from './delivery-queues';
import { FeedBell, feedKeyOf } from './feed-bell';
import { FeedListener } from './feed-listener';
import { LaneWorker } from './lane-worker';
import { SendLimits } from './send-limits';
import { TokenBuckets } from './token-bucket';

const PREFIX = '{herald}';
const TENANT = '01900000-0000-7000-8000-000000000001';
const FEED = { tenantId: TENANT, recipient: 'user_42' };
const START_MS = 60_000;
const FAIL_OVER_MS = 60_000;

(canStartRedisTopologies() ? describe : describe.skip).each([
  ['a cluster of three', startRedisCluster],
  ['a primary that three Sentinels watch', startSentinels],
] as const)('on %s', (_name, start) => {
  let topology: RedisTopology;
  let producer: RedisClient;
  let consumer: RedisClient;
  let queues: DeliveryQueues;
  let listener: FeedListener;
  let bell: FeedBell;
  let worker: LaneWorker;
  const heard: string[] = [];
  const taken: string[] = [];
  let reconnects = 0;

  beforeAll(async () => {
    topology = await start();
    producer = createProducerConnection(topology);
    consumer = createWorkerConnection(topology);
    for (const client of [producer, consumer]) client.on('error', () => undefined);
    await untilConnected(producer, 10_000);
    queues = new DeliveryQueues(producer, PREFIX, () => undefined);
    listener = new FeedListener({
      servers: topology,
      prefix: PREFIX,
      onRing: (_key, seq) => heard.push(seq),
      onReconnect: () => {
        reconnects += 1;
      },
      onError: () => undefined,
    });
    bell = new FeedBell(producer, PREFIX, () => undefined);
    await until(() => listener.listening, { what: 'the listener to be connected' });
    await listener.listen(feedKeyOf(FEED));
    await queues.setPauses([], await queues.readPauses());
    worker = new LaneWorker({
      connection: consumer,
      prefix: PREFIX,
      channel: 'email',
      lane: 'default',
      concurrency: 5,
      process: async () => {
        const { payloads } = await queues.take('email', 'default', 50, []);
        taken.push(...payloads.flatMap(({ ids }) => ids));
        return 'done';
      },
      letIn: async () => undefined,
      onError: () => undefined,
    });
  }, START_MS);

  afterAll(async () => {
    await worker.close(2000);
    await queues.close();
    listener.close();
    producer.disconnect();
    consumer.disconnect();
    await topology.remove();
  });

  const ring = (ids: readonly string[], delayMs = 0) =>
    queues.ring(
      ids.map((id) => ({ id, tenantId: TENANT, channel: 'email', lane: 'default', delayMs }) as const),
    );
  const untilTaken = (ids: readonly string[]) =>
    until(() => ids.every((id) => taken.includes(id)), { timeoutMs: 30_000, what: 'the ids to be taken' });
  /** As the relay does: what could not be rung for is rung for again. */
  const ringUntilTaken = async (ids: readonly string[]) => {
    await until(
      () =>
        ring(ids).then(
          () => true,
          () => false,
        ),
      { timeoutMs: 30_000, what: 'Redis to take what is rung' },
    );
    await untilTaken(ids);
  };
  const untilHeard = async (seq: string) => {
    await until(
      async () => {
        await bell.ring([{ ...FEED, seq }]);
        return heard.includes(seq);
      },
      { timeoutMs: 30_000, everyMs: 100, what: 'a ring to be heard' },
    );
  };
  const many = (count: number) => Array.from({ length: count }, () => randomUUID());

  it('what is rung for is taken, at once and after a delay', async () => {
    const [now, later] = [many(120), many(2)];
    await Promise.all([ring(now), ring(later, 300)]);
    await untilTaken([...now, ...later]);
    expect(await queues.figures('email', 'default')).toMatchObject({ deliveries: 0 });
    await queues.check();
  });

  it('limits, breakers, pauses, dead letters and feeds work', async () => {
    const buckets = new TokenBuckets(producer, PREFIX, 2000, () => undefined);
    const limit = { burst: 1, perSecond: 0.001 };
    expect(await buckets.take('k', limit)).toMatchObject({ allowed: true });
    expect(await buckets.take('k', limit)).toMatchObject({ allowed: false });

    const failures: Error[] = [];
    const limits = new SendLimits(producer, PREFIX, (error) => failures.push(error));
    const both = ['provider', 'sender'].map((key) => ({ key, limit: { perDay: 1 } }));
    expect(await limits.take(both)).toEqual({ allowed: true });
    expect(await limits.take(both)).toMatchObject({ allowed: false });
    expect(failures).toEqual([]);

    const board = new BreakerBoard(producer, PREFIX);
    await board.open('one', 60_000);
    expect((await board.read(['one', 'two'])).get('one')).toMatchObject({ kind: 'open' });
    await board.close('one');
    expect(await board.read(['one', 'two'])).toEqual(new Map());

    const lane = { channel: 'sms', lane: 'bulk' } as const;
    expect(await queues.setPauses([lane], await queues.readPauses())).toBe(true);
    expect(await queues.readPauses()).toMatchObject({ closed: [lane], flagged: [lane] });
    expect((await queues.take('sms', 'bulk', 1, [])).left).toBe('paused');
    expect(await queues.setPauses([], await queues.readPauses())).toBe(true);

    const letter = { id: randomUUID(), channel: 'email', reason: 'attempts_exhausted' } as const;
    await queues.showDead([letter]);
    await queues.hideDead([letter]);

    await untilHeard('1');
  });

  it(
    'goes on after the primary was demoted in order',
    async () => {
      await ringUntilTaken(many(10));
      await topology.demote(PREFIX);
      await ringUntilTaken(many(120));
      await untilHeard('2');
      await until(() => queues.check().then(() => true));
    },
    FAIL_OVER_MS,
  );

  it(
    'goes on after the primary has died, with another',
    async () => {
      const before = await topology.primaryOf(PREFIX);
      await topology.failOver(PREFIX);
      expect(await topology.primaryOf(PREFIX)).not.toBe(before);
      await ringUntilTaken(many(120));
      await untilHeard('3');
      await until(() => queues.check().then(() => true));
      // A pause is among what the other one knows.
      expect((await queues.readPauses()).stamp).toBeDefined();
    },
    FAIL_OVER_MS,
  );

  it(
    'the listener says that it may have missed something',
    async () => {
      const before = reconnects;
      await topology.endSubscriptions();
      await until(() => reconnects > before, { timeoutMs: 30_000, what: 'the listener to be back' });
      await untilHeard('4');
    },
    FAIL_OVER_MS,
  );
});
