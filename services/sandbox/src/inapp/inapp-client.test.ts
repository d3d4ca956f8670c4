import { FeedServer, tokenOf } from '../testing/feed-server';
import { eventually, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

describe('the in-app client', () => {
  let feed: FeedServer;
  let sandbox: TestSandbox | undefined;
  let tokens: number;

  const start = async (recipients: readonly string[] = ['user_42']): Promise<TestSandbox> => {
    const tokenFor = async (recipient: string): Promise<string> => {
      tokens += 1;
      return tokenOf(recipient, tokens);
    };
    sandbox = await startTestSandbox({ inapp: { socketUrl: () => feed.url, tokenFor, recipients } });
    return sandbox;
  };
  const items = async () => (await sandbox?.messages('channel=inapp'))?.items ?? [];
  const hellos = () => feed.framesOf('hello');

  beforeEach(async () => {
    tokens = 0;
    feed = await FeedServer.start();
  });
  afterEach(async () => {
    await sandbox?.stop();
    await feed.stop();
  });

  it('keeps what arrives in the feeds of those who are signed in, and acknowledges it', async () => {
    await start(['user_42', 'user_7']);
    await eventually(() => hellos().length === 2);
    const rich = {
      title: 'Shipped',
      body: 'On its way',
      category: 'orders',
      url: '/orders/42',
      data: { a: 1 },
    };
    const item = feed.post('user_42', rich);
    feed.post('user_7', { title: 'For someone else' });
    feed.post('stranger');
    await eventually(async () => (await items()).length === 2);
    expect((await sandbox?.messages('channel=inapp&to=user_42'))?.items).toMatchObject([
      {
        to: 'user_42',
        subject: 'Shipped',
        text: 'On its way',
        status: 'unseen',
        itemId: item.id,
        category: 'orders',
        url: '/orders/42',
        data: { a: 1 },
        imageUrl: null,
        createdAt: item.createdAt,
      },
    ]);
    await eventually(() => feed.framesOf('ack').length === 2);
    expect(feed.framesOf('ack')[0]).toEqual({ type: 'ack', cursor: '1' });
  });

  it('shows at sign-in what is in the feed already', async () => {
    feed.post('user_42', { title: 'Older' });
    await start();
    await eventually(async () => (await items())[0]?.subject === 'Older');
  });

  it('takes the same item again for a change of the one message', async () => {
    await start();
    await eventually(() => hellos().length === 1);
    const item = feed.post('user_42');
    const status = async () => (await items()).map((one) => one.status).join();
    await eventually(async () => (await status()) === 'unseen');
    const again = (cursor: string, more: object) =>
      feed.say('user_42', {
        type: 'items',
        items: [{ ...item, ...more }],
        cursor,
        counts: { unseen: 0, unread: 0 },
      });
    const at = new Date().toISOString();
    let told = 0;
    sandbox?.store.onChange(() => {
      told += 1;
    });
    again('2', {});
    again('3', { seenAt: at });
    await eventually(async () => (await status()) === 'seen');
    expect(told).toBeGreaterThan(0);
    again('4', { seenAt: at, readAt: at });
    await eventually(async () => (await status()) === 'read');
    again('5', { seenAt: at, readAt: at, archivedAt: at });
    await eventually(async () => (await status()) === 'archived');
    expect(sandbox?.store.counts().inapp).toBe(1);
  });

  it('misses nothing while the service is away: it comes back with its last cursor', async () => {
    await start();
    await eventually(() => hellos().length === 1);
    feed.post('user_42', { title: 'one' });
    feed.post('user_42', { title: 'two' });
    await eventually(async () => (await items()).length === 2);
    feed.hangUp(1012);
    feed.post('user_42', { title: 'three' });
    await eventually(async () => (await items()).length === 3);
    expect(hellos().map(({ cursor }) => cursor)).toEqual(['0', '2']);
    expect((await items()).map(({ subject }) => subject)).toEqual(['three', 'two', 'one']);
    expect(sandbox?.logger.complaints()).toEqual([]);
  });

  it('waits for a service that is not there yet', async () => {
    const { port } = feed;
    await feed.stop();
    await start();
    await eventually(() => tokens >= 2);
    feed = await FeedServer.start(port);
    feed.post('user_42');
    await eventually(async () => (await items()).length === 1);
  });

  it('acknowledges a flood with few messages, and all of it', async () => {
    await start();
    await eventually(() => hellos().length === 1);
    for (let index = 0; index < 300; index += 1) feed.post('user_42');
    await eventually(() => feed.framesOf('ack').at(-1)?.cursor === '300');
    expect(feed.framesOf('ack').length).toBeLessThan(30);
  });

  it('asks for a new token when the service refuses the one it has', async () => {
    await start();
    await eventually(() => hellos().length === 1);
    feed.hangUp(4401);
    await eventually(() => hellos().length === 2);
    expect(hellos().map(({ token }) => token)).toEqual([tokenOf('user_42', 1), tokenOf('user_42', 2)]);
  });

  it('renews its token before it ends, on the same socket', async () => {
    feed.tokenMs = 1500;
    await start();
    await eventually(() => feed.framesOf('token').length === 2);
    expect(feed.framesOf('token').map(({ token }) => token)).toEqual([
      tokenOf('user_42', 2),
      tokenOf('user_42', 3),
    ]);
    expect(hellos()).toHaveLength(1);
  });

  it('is not confused by frames that it does not know', async () => {
    await start();
    await eventually(() => hellos().length === 1);
    feed.say('user_42', { type: 'party' });
    feed.post('user_42');
    await eventually(async () => (await items()).length === 1);
    expect(hellos()).toHaveLength(1);
  });
});
