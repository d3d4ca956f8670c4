import { type FeedItemDto, type FeedPageDto } from '@herald/contracts';
import { createClient, until } from '@herald/testing';
import { FeedClient } from './testing/feed-client';
import { newFeed, openRealtime, tokenOf, useRealtime } from './testing/use-realtime';

const on = useRealtime();

const client = async (url = on.realtime.url) => createClient(url, await tokenOf(on.feed));
const titles = (items: readonly FeedItemDto[]) => items.map(({ title }) => title);

describe('GET /v1/feed', () => {
  it('gives pages, newest first, and where to go on with a socket', async () => {
    await on.poster.post(on.feed, ['a', 'b', 'c']);
    const api = await client();
    const { status, body } = await api.get<FeedPageDto>('/v1/feed?limit=2');
    expect(status).toBe(200);
    expect(titles(body.items)).toEqual(['c', 'b']);
    expect(body).toMatchObject({ syncCursor: '3', counts: { unseen: 3, unread: 3 } });
    const rest = await api.get<FeedPageDto>(`/v1/feed?limit=2&cursor=${body.nextCursor}`);
    expect(titles(rest.body.items)).toEqual(['a']);
    expect(rest.body.nextCursor).toBeUndefined();
    const socket = await FeedClient.open(on.realtime.url, await tokenOf(on.feed), body.syncCursor);
    await on.poster.post(on.feed, ['d']);
    await socket.untilTitles(['d']);
  });

  it('counts what it returns as delivered', async () => {
    await on.poster.post(on.feed, ['a', 'b']);
    await (await client()).get('/v1/feed?limit=1');
    const delivered = () =>
      on.db.rows<{ title: string }>(
        'SELECT title FROM feed_items WHERE recipient = $1 AND delivered_at IS NOT NULL',
        [on.feed.recipient],
      );
    await until(async () => (await delivered()).length > 0);
    expect(await delivered()).toEqual([{ title: 'b' }]);
  });

  it('narrows to a state and a category', async () => {
    const [id] = await on.poster.post(on.feed, ['order'], { category: 'orders' });
    await on.poster.post(on.feed, ['other']);
    const api = await client();
    const get = async (query: string) => titles((await api.get<FeedPageDto>(`/v1/feed?${query}`)).body.items);
    expect(await get('category=orders')).toEqual(['order']);
    await api.post('/v1/feed/marks', { ids: [id], as: 'archived' });
    expect(await get('')).toEqual(['other']);
    expect(await get('state=archived')).toEqual(['order']);
  });

  it.each([
    ['state=gone', '/query/state'],
    ['category=a%20b', '/query/category'],
    ['limit=201', '/query/limit'],
    ['cursor=%3F%3F', '/query/cursor'],
    ['more=1', '/query/more'],
  ])('refuses ?%s', async (query, pointer) => {
    const { status, body } = await (await client()).get(`/v1/feed?${query}`);
    expect([status, body.errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
  });
});

describe('POST /v1/feed/marks', () => {
  it('marks, and tells the sockets', async () => {
    await on.poster.post(on.feed, ['a', 'b', 'c']);
    const socket = await FeedClient.open(on.realtime.url, await tokenOf(on.feed));
    const api = await client();
    const { status, body } = await api.post('/v1/feed/marks', { all: true, upTo: '2', as: 'read' });
    expect([status, body]).toEqual([200, { changed: 2 }]);
    expect((await socket.next('items')).counts).toEqual({ unseen: 1, unread: 1 });
    expect((await api.get('/v1/feed/counts')).body).toEqual({ unseen: 1, unread: 1 });
  });

  it.each([
    [{ as: 'read' }, ''],
    [{ all: true, ids: ['0190b0a0-0000-7000-8000-000000000001'], as: 'read' }, '/all'],
    [{ ids: ['0190b0a0-0000-7000-8000-000000000001'], category: 'x', as: 'read' }, '/category'],
    [{ all: true, as: 'gone' }, '/as'],
    [{ all: true, as: 'read', more: 1 }, '/more'],
  ])('refuses %j', async (mark, pointer) => {
    const { status, body } = await (await client()).post('/v1/feed/marks', mark);
    expect([status, body.errors?.map((error) => error.pointer)]).toEqual([422, [pointer]]);
  });

  it('refuses more than a mark can be', async () => {
    const { status } = await (await client()).post('/v1/feed/marks', 'x'.repeat(17_000));
    expect(status).toBe(413);
  });

  it("does not touch another recipient's items", async () => {
    const [id] = await on.poster.post(await newFeed(on.db, on.feed.tenantId), ['not mine']);
    const { body } = await (await client()).post('/v1/feed/marks', { ids: [id], as: 'read' });
    expect(body).toEqual({ changed: 0 });
  });
});

it.each([
  ['without a token', null],
  ['with an API key', 'hk_live_0123456789'],
  ['with nonsense', 'a.b.c'],
])('refuses a request %s', async (_name, key) => {
  const { status, headers, body } = await (await client()).get('/v1/feed', { key });
  expect([status, body.type]).toEqual([401, 'urn:herald:problem:unauthorized']);
  expect(headers.get('www-authenticate')).toContain('Bearer');
  expect(headers.get('access-control-allow-origin')).toBe('*');
});

it('lets pages of any origin in, without credentials', async () => {
  for (const [path, methods] of [
    ['/v1/feed', 'GET'],
    ['/v1/feed/counts', 'GET'],
    ['/v1/feed/marks', 'POST'],
  ]) {
    const { status, headers } = await fetch(on.realtime.url + path, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://shop.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-methods')).toBe(methods);
    expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type');
    expect(headers.get('access-control-max-age')).toBe('7200');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  }
  expect((await fetch(`${on.realtime.url}/readyz`)).headers.get('access-control-allow-origin')).toBeNull();
});

it('limits how often a recipient may ask', async () => {
  const strict = await openRealtime(on.servers, { requests: { perSecond: 1, burst: 2 } });
  try {
    const api = await client(strict.url);
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.get('/v1/feed/counts')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(refused).toHaveLength(3);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    on.feed = await newFeed(on.db);
    expect((await (await client(strict.url)).get('/v1/feed/counts')).status).toBe(200);
  } finally {
    await strict.stop();
  }
});
