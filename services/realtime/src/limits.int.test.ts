import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { FEED_SOCKET_PATH } from '@herald/contracts';
import { until } from '@herald/testing';
import { type FeedRequestsConfig, type SocketsConfig } from './config';
import { FeedClient } from './testing/feed-client';
import { newFeed, openRealtime, type TestRealtime, tokenOf, useRealtime } from './testing/use-realtime';

const on = useRealtime({ instances: 0 });
let token: string;
const opened: TestRealtime[] = [];
beforeEach(async () => {
  token = await tokenOf(on.feed);
});
afterEach(() => Promise.all(opened.splice(0).map((realtime) => realtime.stop())));

async function open(
  sockets: Partial<SocketsConfig>,
  requests?: Partial<FeedRequestsConfig>,
): Promise<TestRealtime> {
  const realtime = await openRealtime(on.servers, { sockets, requests });
  opened.push(realtime);
  return realtime;
}

/** Asks for a socket with these headers; gives the answer to it. */
function ask(url: string, path: string, headers: Record<string, string>): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const req = http.get(url + path, {
      headers: { connection: 'Upgrade', upgrade: 'websocket', ...headers },
    });
    req.on('response', resolve);
    req.on('upgrade', (res, socket) => {
      socket.destroy();
      resolve(res);
    });
    req.on('error', reject);
  });
}

const HANDSHAKE = {
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'herald.feed.v1',
};

it('a client that says nothing is sent away', async () => {
  const realtime = await open({ helloTimeoutMs: 100 });
  const client = await FeedClient.connect(realtime.url);
  expect(await client.untilClosed()).toBe(4408);
  expect(await client.next('error')).toMatchObject({ code: 'no_hello' });
});

it('a client that sends too many messages is sent away', async () => {
  const realtime = await open({ messagesPerSecond: 5 });
  const client = await FeedClient.open(realtime.url, token);
  for (let n = 0; n < 30; n += 1) client.say({ type: 'ack', cursor: '0' });
  expect(await client.untilClosed()).toBe(4429);
  expect(await client.next('error')).toMatchObject({ code: 'too_many_messages' });
});

it('marks take from what a recipient may ask for over HTTP; what is over it is put off', async () => {
  const realtime = await open({}, { perSecond: 0.05, burst: 3 });
  const clients = [await FeedClient.open(realtime.url, token), await FeedClient.open(realtime.url, token)];
  for (const client of clients)
    for (const ref of ['1', '2', '3']) client.say({ type: 'mark', all: true, as: 'seen', ref });
  const answers = () => clients.flatMap((client) => [...client.all('marked'), ...client.all('error')]);
  await until(() => answers().length === 6);
  const refused = answers().filter(({ type }) => type === 'error');
  expect(refused).toHaveLength(3);
  for (const each of refused) expect(each).toMatchObject({ code: 'rate_limited', ref: expect.any(String) });
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${realtime.url}/v1/feed/counts`, { headers })).status).toBe(429);
  expect(await realtime.metric('herald_rate_limited_total')).toBe(4);
  for (const client of clients) {
    client.say({ type: 'token', token });
    await client.next('token');
  }
});

it('of what one socket asks for only so much waits, while the database is slow', async () => {
  const realtime = await open({});
  await on.poster.post(on.feed, ['a']);
  const client = await FeedClient.open(realtime.url, token);
  await on.db.dataSource.transaction(async (manager) => {
    const { tenantId, recipient } = on.feed;
    await manager.query('SELECT 1 FROM feeds WHERE tenant_id = $1 AND recipient = $2 FOR UPDATE', [
      tenantId,
      recipient,
    ]);
    for (let n = 1; n <= 45; n += 1) client.say({ type: 'mark', all: true, as: 'read', ref: String(n) });
    await client.next('error', 4);
  });
  await client.next('marked', 39);
  expect(client.all('marked').map(({ ref }) => ref)).toEqual(
    Array.from({ length: 40 }, (_, n) => String(n + 1)),
  );
  expect(client.all('error')).toEqual(
    [41, 42, 43, 44, 45].map((n) => expect.objectContaining({ code: 'unavailable', ref: String(n) })),
  );
  client.say({ type: 'mark', all: true, as: 'seen', ref: 'again' });
  expect(await client.next('marked', 40)).toMatchObject({ ref: 'again' });
});

it('a client that pings too much is sent away', async () => {
  const realtime = await open({ messagesPerSecond: 5 });
  const client = await FeedClient.open(realtime.url, token);
  for (let n = 0; n < 30; n += 1) client.ws.ping();
  expect(await client.untilClosed()).toBe(4429);
});

it('a recipient may have so many sockets, and another one when one is gone', async () => {
  const realtime = await open({ maxPerRecipient: 2 });
  const [first] = [await FeedClient.open(realtime.url, token), await FeedClient.open(realtime.url, token)];
  const third = await FeedClient.connect(realtime.url);
  third.say({ type: 'hello', token });
  expect(await third.untilClosed()).toBe(4429);
  first.cut();
  const again = await until(async () => {
    const client = await FeedClient.connect(realtime.url);
    client.say({ type: 'hello', token });
    await until(() => client.all('welcome').length > 0 || client.closedWith !== undefined);
    return client.closedWith === undefined && client;
  });
  expect(again.closedWith).toBeUndefined();
});

it('a tenant may have so many sockets', async () => {
  const realtime = await open({ maxPerTenant: 1 });
  await FeedClient.open(realtime.url, token);
  const second = await FeedClient.connect(realtime.url);
  second.say({ type: 'hello', token: await tokenOf(await newFeed(on.db, on.feed.tenantId)) });
  expect(await second.untilClosed()).toBe(4429);
  await FeedClient.open(realtime.url, await tokenOf(await newFeed(on.db)));
});

it('a process has room for so many sockets; others are told to come again', async () => {
  const realtime = await open({ maxSockets: 1 });
  await FeedClient.open(realtime.url, token);
  const answer = await ask(realtime.url, FEED_SOCKET_PATH, HANDSHAKE);
  expect(answer.statusCode).toBe(503);
  expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json', 'retry-after': '1' });
});

it.each([
  ['at another path', '/v1/feed/sockets', {}, 404],
  ['without the protocol', FEED_SOCKET_PATH, { 'sec-websocket-protocol': 'other' }, 400],
  ['for something else', FEED_SOCKET_PATH, { upgrade: 'h2c' }, 400],
  ['with a broken handshake', FEED_SOCKET_PATH, { 'sec-websocket-key': 'x' }, 400],
])('answers a request for a socket %s with a problem', async (_name, path, headers, status) => {
  const realtime = await open({});
  const answer = await ask(realtime.url, path, { ...HANDSHAKE, ...headers });
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json');
});

it('a client that does not answer pings is cut', async () => {
  const realtime = await open({ pingMs: 1000 });
  const client = await FeedClient.connect(realtime.url, { autoPong: false });
  client.say({ type: 'hello', token });
  await client.next('welcome');
  const answering = await FeedClient.open(realtime.url, token);
  expect(await client.untilClosed()).toBe(1006);
  expect(answering.closedWith).toBeUndefined();
});

const LARGE = 'x'.repeat(10_000);
/** More than the buffers of two kernels hold. */
const MANY = Array.from({ length: 1500 }, (_, n) => `n${n}`);

it('a client that does not read gets no more, and all of it once it reads', async () => {
  const realtime = await open({ slowBytes: 65_536 });
  const [slow, quick] = [
    await FeedClient.open(realtime.url, token),
    await FeedClient.open(realtime.url, token),
  ];
  slow.ws.pause();
  for (let n = 0; n < MANY.length; n += 50)
    await on.poster.post(on.feed, MANY.slice(n, n + 50), { body: LARGE });
  await quick.untilTitles(MANY);
  await until(async () => (await realtime.metric('herald_realtime_slow_sockets_total')) > 0);
  slow.ws.resume();
  await slow.untilTitles(MANY);
  // It is in step again.
  await on.poster.post(on.feed, ['last']);
  await slow.untilTitles([...MANY, 'last']);
}, 60_000);

it('a client that does not read for too long is closed', async () => {
  const realtime = await open({ slowBytes: 65_536, slowTimeoutMs: 200 });
  const client = await FeedClient.open(realtime.url, token);
  client.ws.pause();
  for (let n = 0; n < MANY.length; n += 50)
    await on.poster.post(on.feed, MANY.slice(n, n + 50), { body: LARGE });
  await until(async () => (await realtime.metric('herald_realtime_closes_total', '"4413"')) === 1, {
    timeoutMs: 20_000,
  });
}, 60_000);

it('stops by telling every client to connect elsewhere', async () => {
  const realtime = await open({ drainMs: 200 });
  const tokens = await Promise.all(Array.from({ length: 10 }, async () => tokenOf(await newFeed(on.db))));
  const clients = await Promise.all(tokens.map((each) => FeedClient.open(realtime.url, each)));
  const silent = net.connect(Number(new URL(realtime.url).port), '127.0.0.1');
  await once(silent, 'connect');
  const stopping = realtime.closeSockets(3000);
  const late = await ask(realtime.url, FEED_SOCKET_PATH, HANDSHAKE);
  expect(late.statusCode).toBe(503);
  await stopping;
  for (const client of clients) {
    expect(await client.untilClosed()).toBe(1012);
    expect(client.all('error')).toEqual([expect.objectContaining({ code: 'restarting' })]);
  }
  silent.destroy();
});
