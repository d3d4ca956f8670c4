import {
  acceptNotifications,
  claimDeliveries,
  getDelivery,
  markFeedItems,
  recordOutcomes,
  updateTenant,
} from '@herald/db';
import { newId, planNotification } from '@herald/domain';
import { until } from '@herald/testing';
import { FeedClient } from './testing/feed-client';
import { newFeed, openRealtime, type TestRealtime, tokenOf, useRealtime } from './testing/use-realtime';

const on = useRealtime({ instances: 2 });
const there = () => on.instances[1] as TestRealtime;

const openAt = async (at: TestRealtime, cursor?: string) =>
  FeedClient.open(at.url, await tokenOf(on.feed), cursor);

describe('the hello', () => {
  it('is answered with where the feed is, its counts, and until when the token holds', async () => {
    await on.poster.post(on.feed, ['a', 'b']);
    const client = await openAt(on.realtime);
    const welcome = await client.next('welcome');
    expect(welcome).toEqual({
      type: 'welcome',
      cursor: '2',
      counts: { unseen: 2, unread: 2 },
      expiresAt: expect.stringMatching(/Z$/),
      pingSeconds: 30,
    });
    expect(client.ws.protocol).toBe('herald.feed.v1');
    await on.poster.post(on.feed, ['c']);
    await client.untilTitles(['c']);
  });

  it('with a cursor brings what came after it, in pages, and then what is new', async () => {
    const titles = Array.from({ length: 120 }, (_, n) => `n${n}`);
    await on.poster.post(on.feed, titles);
    const client = await openAt(on.realtime, '1');
    await client.untilTitles(titles.slice(1));
    expect(client.all('items').map(({ items }) => items.length)).toEqual([50, 50, 19]);
    await on.poster.post(on.feed, ['new']);
    await client.untilTitles([...titles.slice(1), 'new']);
    expect(client.cursor).toBe('121');
  });

  it('with a cursor that is ahead of the feed begins at its head', async () => {
    await on.poster.post(on.feed, ['a']);
    const client = await openAt(on.realtime, '999');
    expect((await client.next('welcome')).cursor).toBe('1');
    await on.poster.post(on.feed, ['b']);
    await client.untilTitles(['b']);
  });
});

describe('an item', () => {
  it('comes to every socket of its feed, in every process, and to no other', async () => {
    const clients = await Promise.all([openAt(on.realtime), openAt(on.realtime), openAt(there())]);
    const other = await FeedClient.open(
      on.realtime.url,
      await tokenOf(await newFeed(on.db, on.feed.tenantId)),
    );
    const [id] = await on.poster.post(on.feed, ['Your order'], {
      body: 'has shipped',
      category: 'orders',
      url: '/orders/42',
      data: { order: 42 },
    });
    for (const client of clients) await client.untilTitles(['Your order']);
    expect(clients[0]?.all('items')).toEqual([
      {
        type: 'items',
        cursor: '1',
        counts: { unseen: 1, unread: 1 },
        items: [
          {
            id,
            notificationId: expect.any(String),
            title: 'Your order',
            body: 'has shipped',
            category: 'orders',
            url: '/orders/42',
            data: { order: 42 },
            createdAt: expect.any(String),
          },
        ],
      },
    ]);
    expect(other.items).toEqual([]);
  });

  it('is delivered when a socket acknowledges it, and not before', async () => {
    const id = await sendInApp();
    await on.poster.post(on.feed, ['hi'], { id });
    await recordSent(id);
    const client = await openAt(on.realtime, '0');
    await client.untilTitles(['hi']);
    expect((await getDelivery(on.db, { tenantId: on.feed.tenantId, live: true }, id))?.state).toBe('sent');
    client.say({ type: 'ack', cursor: client.cursor });
    await until(
      async () =>
        (await getDelivery(on.db, { tenantId: on.feed.tenantId, live: true }, id))?.state === 'delivered',
    );
  });

  const claims = new Map<string, { claim: string; attempt: number }>();

  /** A notification to the feed whose worker has claimed it; gives the delivery's id. */
  async function sendInApp(): Promise<string> {
    const { tenantId, recipient } = on.feed;
    const plan = planNotification(
      { to: [{ recipient }], content: { inapp: { title: 'hi' } } },
      { tenantId, now: Date.now() },
    );
    if (!plan.ok) throw new Error('The request is not valid');
    const { notification } = plan;
    await acceptNotifications(on.db, [{ notification, apiKeyId: tenantId, live: true, response: '' }]);
    const id = notification.deliveries[0]?.id as string;
    const [claimed] = await claimDeliveries(on.db, [id], 60_000);
    if (!claimed) throw new Error('The delivery could not be claimed');
    claims.set(id, claimed as never);
    return id;
  }

  async function recordSent(id: string): Promise<void> {
    const { claim, attempt } = claims.get(id) as never;
    const called = { provider: 'feed', startedAt: new Date(), durationMs: 1, outcome: 'accepted' } as const;
    await recordOutcomes(on.db, [{ id, tenantId: on.feed.tenantId, claim, attempt, state: 'sent', called }]);
  }
});

describe('a mark', () => {
  it('is answered, and comes to the other sockets as a changed item', async () => {
    const [id] = await on.poster.post(on.feed, ['a']);
    const [mine, other] = await Promise.all([openAt(on.realtime), openAt(there())]);
    mine.say({ type: 'mark', ids: [id], as: 'read', ref: '7' });
    expect(await mine.next('marked')).toEqual({ type: 'marked', ref: '7', changed: 1 });
    for (const client of [mine, other]) {
      const { items, counts } = await client.next('items');
      expect(items).toEqual([
        expect.objectContaining({ id, readAt: expect.any(String), seenAt: expect.any(String) }),
      ]);
      expect(counts).toEqual({ unseen: 0, unread: 0 });
    }
  });

  it('can be of all that a client knows of', async () => {
    await on.poster.post(on.feed, ['a', 'b']);
    const client = await openAt(on.realtime);
    await on.poster.post(on.feed, ['c'], { silently: true });
    client.say({ type: 'mark', all: true, upTo: client.cursor, as: 'seen' });
    expect((await client.next('marked')).changed).toBe(2);
  });

  it('is done in the order in which it comes', async () => {
    const [id] = await on.poster.post(on.feed, ['a']);
    const client = await openAt(on.realtime);
    for (const as of ['read', 'unread', 'read', 'unread']) client.say({ type: 'mark', ids: [id], as });
    await client.next('marked', 3);
    expect((await until(() => client.items.at(3)))?.readAt).toBeUndefined();
  });
});

describe('a token', () => {
  it.each([
    ['that is none', async () => 'nonsense', 'unauthorized'],
    ['that has expired', async () => tokenOf(on.feed, -10), 'token_expired'],
    ['of an unknown tenant', () => tokenOf({ ...on.feed, tenantId: newId(Date.now()) }), 'unauthorized'],
  ])('%s lets nobody in', async (_name, token, code) => {
    const client = await FeedClient.connect(on.realtime.url);
    client.say({ type: 'hello', token: await token() });
    expect(await client.next('error')).toMatchObject({ code });
    expect(await client.untilClosed()).toBe(4401);
  });

  it('of a disabled tenant lets nobody in', async () => {
    await updateTenant(on.db, on.feed.tenantId, { disabled: true });
    const client = await FeedClient.connect(on.realtime.url);
    client.say({ type: 'hello', token: await tokenOf(on.feed) });
    expect(await client.untilClosed()).toBe(4401);
  });

  it('that expires ends its socket, unless it is renewed in time', async () => {
    const [ends, stays] = await Promise.all(
      [1, 2].map(async () => FeedClient.open(on.realtime.url, await tokenOf(on.feed, 2))),
    );
    stays?.say({ type: 'token', token: await tokenOf(on.feed) });
    expect(await stays?.next('token')).toEqual({ type: 'token', expiresAt: expect.any(String) });
    expect(await ends?.untilClosed()).toBe(4401);
    expect(await ends?.next('error')).toMatchObject({ code: 'token_expired' });
    expect(stays?.closedWith).toBeUndefined();
  });

  it('of another recipient renews nothing', async () => {
    const client = await openAt(on.realtime);
    client.say({ type: 'token', token: await tokenOf(await newFeed(on.db, on.feed.tenantId)) });
    expect(await client.untilClosed()).toBe(4401);
  });
});

describe('a bad message', () => {
  it.each([
    ['JSON', 'no json'],
    ['an object', '[]'],
    ['of a known type', { type: 'toString' }],
    ['without unknown fields', { type: 'ack', cursor: '0', more: 1 }],
    ['a mark that says which', { type: 'mark', as: 'read' }],
    ['a second hello', { type: 'hello', token: 'x' }],
    ['an ack of what was not sent', { type: 'ack', cursor: '1' }],
  ])('closes: not %s', async (_name, message) => {
    const client = await openAt(on.realtime);
    client.say(message);
    expect(await client.next('error')).toMatchObject({ code: 'bad_message', detail: expect.any(String) });
    expect(await client.untilClosed()).toBe(4400);
  });

  it('closes: something else than a hello first, or bytes', async () => {
    const first = await FeedClient.connect(on.realtime.url);
    first.say({ type: 'ack', cursor: '0' });
    expect(await first.untilClosed()).toBe(4400);
    const bytes = await openAt(on.realtime);
    bytes.ws.send(Buffer.from('{}'), { binary: true });
    expect(await bytes.untilClosed()).toBe(4400);
  });

  it('closes: one that is too long', async () => {
    const client = await openAt(on.realtime);
    client.say(`"${'x'.repeat(17_000)}"`);
    expect(await client.untilClosed()).toBe(1009);
  });
});

it('a poll finds what the bell did not ring for', async () => {
  const polling = await openRealtime(on.servers, { sockets: { pollMs: 100 } });
  try {
    const client = await openAt(polling);
    await on.poster.post(on.feed, ['quiet'], { silently: true });
    await client.untilTitles(['quiet']);
    expect(await polling.metric('herald_realtime_missed_publishes_total')).toBe(1);
    await markFeedItems(on.db, on.feed, { all: true }, 'archived');
    await until(() => client.items.at(1)?.archivedAt);
  } finally {
    await polling.stop();
  }
});

it('a tenant that is disabled loses its sockets', async () => {
  const polling = await openRealtime(on.servers, { sockets: { pollMs: 100 } });
  try {
    const client = await openAt(polling);
    await updateTenant(on.db, on.feed.tenantId, { disabled: true });
    expect(await client.untilClosed()).toBe(4401);
  } finally {
    await polling.stop();
  }
}, 30_000);

it('leaves nothing behind when sockets close', async () => {
  const client = await openAt(on.realtime);
  const before = await on.realtime.metric('herald_realtime_feeds');
  client.cut();
  await until(async () => (await on.realtime.metric('herald_realtime_feeds')) === before - 1);
});
