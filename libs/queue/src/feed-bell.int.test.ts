import { until, useOwnRedis, useTestRedis } from '@herald/testing';
import { createProducerConnection, untilConnected } from './connection';
import { FeedBell, feedKeyOf } from './feed-bell';
import { FeedListener } from './feed-listener';

const FEED = { tenantId: '01900000-0000-7000-8000-000000000001', recipient: 'user_42' };
const OTHER = { ...FEED, recipient: 'user_43' };
const KEY = feedKeyOf(FEED);

/** Someone who rings and someone who listens, with all that the latter heard. */
function connect(url: string, prefix: string) {
  const client = createProducerConnection({ url });
  client.on('error', () => undefined);
  const failures: Error[] = [];
  const heard: string[] = [];
  let reconnects = 0;
  const listener = new FeedListener({
    servers: { url },
    prefix,
    onRing: (key, seq) => heard.push(`${key} ${seq}`),
    onReconnect: () => {
      reconnects += 1;
    },
    onError: () => undefined,
  });
  return {
    client,
    bell: new FeedBell(client, prefix, (error) => failures.push(error)),
    listener,
    failures,
    heard,
    get reconnects() {
      return reconnects;
    },
    close: () => {
      listener.close();
      client.disconnect();
    },
  };
}
type Ends = ReturnType<typeof connect>;
const ready = async ({ client, listener }: Ends) => {
  await untilConnected(client, 5000);
  await until(() => listener.listening, { what: 'the listener to be connected' });
};
/** Rings until it is heard, and gives whether it was: what was rung before is heard by then. */
const flush = async ({ bell, listener, heard }: Ends) => {
  await listener.listen(feedKeyOf(OTHER));
  const before = heard.length;
  await bell.ring([{ ...OTHER, seq: 'last' }]);
  await until(() => heard.slice(before).some((ring) => ring.endsWith('last')), { what: 'the last ring' });
  return heard.filter((ring) => !ring.endsWith('last'));
};

describe('FeedBell and FeedListener', () => {
  const redis = useTestRedis();
  let ends: Ends;
  beforeEach(async () => {
    ends = connect(redis.url, redis.prefix);
    await ready(ends);
  });
  afterEach(() => ends.close());

  it('let those hear who listen to a feed, of that feed alone', async () => {
    const third = connect(redis.url, redis.prefix);
    const stranger = connect(redis.url, `${redis.prefix}other`);
    await Promise.all([ready(third), ready(stranger)]);
    for (const { listener } of [ends, third, stranger]) await listener.listen(KEY);
    await ends.bell.ring([
      { ...FEED, seq: '12' },
      { ...FEED, recipient: 'user_44', seq: '3' },
    ]);
    await ends.bell.ring([{ ...FEED, seq: '13' }]);
    await ends.bell.ring([]);
    for (const one of [ends, third]) expect(await flush(one)).toEqual([`${KEY} 12`, `${KEY} 13`]);
    expect(await flush(stranger)).toEqual([]);
    expect(ends.failures).toEqual([]);
    expect(ends.reconnects).toBe(0);
    for (const one of [third, stranger]) one.close();
  });

  it('stop hearing at once, and hear again', async () => {
    const { bell, listener } = ends;
    await listener.listen(KEY);
    const stopped = listener.unlisten(KEY);
    await bell.ring([{ ...FEED, seq: '1' }]);
    await stopped;
    await bell.ring([{ ...FEED, seq: '2' }]);
    await listener.unlisten(KEY);
    await listener.listen(KEY);
    await bell.ring([{ ...FEED, seq: '3' }]);
    expect(await flush(ends)).toEqual([`${KEY} 3`]);
    await Promise.all([listener.listen(KEY), listener.unlisten(KEY), listener.listen(KEY)]);
    await bell.ring([{ ...FEED, seq: '4' }]);
    expect(await flush(ends)).toEqual([`${KEY} 3`, `${KEY} 4`]);
  });

  it('tell Redis nothing of whose feeds these are', async () => {
    expect(KEY).toMatch(/^[A-Za-z0-9_-]{22}$/);
    await ends.listener.listen(KEY);
    const channels = (await ends.client.pubsub('CHANNELS', `${redis.prefix}*`)) as string[];
    expect(channels).toEqual([`${redis.prefix}:feed:${KEY}`]);
    const keys = [FEED, OTHER, { ...FEED, tenantId: FEED.tenantId.replace('1', '2') }].map(feedKeyOf);
    expect(new Set(keys).size).toBe(3);
  });
});

describe('while Redis is away', () => {
  let ends: Ends;
  afterAll(() => ends.close());
  const redis = useOwnRedis();

  it('nobody waits, and what was wanted is heard afterwards', async () => {
    ends = connect(redis.url, 'herald');
    await ready(ends);
    const { bell, listener } = ends;
    await listener.listen(KEY);
    await redis.crash();
    await until(() => !listener.listening, { what: 'the listener to notice' });
    await bell.ring([{ ...FEED, seq: '1' }]);
    expect(ends.failures).toHaveLength(1);
    const late = feedKeyOf({ ...FEED, recipient: 'late' });
    const dropped = feedKeyOf({ ...FEED, recipient: 'dropped' });
    for (const key of [late, dropped]) await listener.listen(key);
    await listener.unlisten(dropped);
    await redis.restart();
    await until(() => ends.reconnects > 0, { what: 'the listener to be back' });
    await untilConnected(ends.client, 10_000);
    const rung = [FEED, { ...FEED, recipient: 'late' }, { ...FEED, recipient: 'dropped' }];
    await bell.ring(rung.map((feed) => ({ ...feed, seq: '2' })));
    expect(await flush(ends)).toEqual([`${KEY} 2`, `${late} 2`]);
  });

  it('hear of thousands of feeds after a connection broke', async () => {
    const feeds = Array.from({ length: 2500 }, (_, n) => ({ ...FEED, recipient: `many_${n}` }));
    await Promise.all(feeds.map((feed) => ends.listener.listen(feedKeyOf(feed))));
    const before = ends.reconnects;
    await ends.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => ends.reconnects > before, { what: 'the listener to be back' });
    const known = (await flush(ends)).length;
    await ends.bell.ring(feeds.map((feed) => ({ ...feed, seq: '7' })));
    expect(new Set((await flush(ends)).slice(known)).size).toBe(2500);
  });
});
