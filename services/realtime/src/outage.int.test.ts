import { type Database, type FeedRef } from '@herald/db';
import { until, useOwnPostgres, useOwnRedis } from '@herald/testing';
import { FeedClient } from './testing/feed-client';
import {
  connectDatabase,
  newFeed,
  openPoster,
  openRealtime,
  type Poster,
  type TestRealtime,
  tokenOf,
} from './testing/use-realtime';

let db: Database;
let poster: Poster;
let realtime: TestRealtime;
let feed: FeedRef;
let token: string;
afterAll(async () => {
  poster?.close();
  await realtime?.stop();
  await db?.close();
});
const postgres = useOwnPostgres();
const redis = useOwnRedis();
beforeAll(async () => {
  const servers = { databaseUrl: postgres.url, redisUrl: redis.url, prefix: '{test}' };
  db = await connectDatabase(postgres.url);
  poster = await openPoster(db, servers);
  realtime = await openRealtime(servers);
}, 60_000);
beforeEach(async () => {
  feed = await newFeed(db);
  token = await tokenOf(feed);
});

const readFeed = () => fetch(`${realtime.url}/v1/feed`, { headers: { authorization: `Bearer ${token}` } });

it('polls for news while Redis is away, and hears the bell again once it is back', async () => {
  const client = await FeedClient.open(realtime.url, token);
  await redis.crash();
  await poster.post(feed, ['while away']);
  await client.untilTitles(['while away']);
  const opened = await FeedClient.open(realtime.url, token, '0');
  await opened.untilTitles(['while away']);
  expect((await readFeed()).status).toBe(200);
  expect(await realtime.metric('herald_rate_limit_unchecked_total')).toBeGreaterThan(0);
  await poster.post(feed, ['just before it is back'], { silently: true });
  await redis.restart();
  await client.untilTitles(['while away', 'just before it is back']);
  const missed = () => realtime.metric('herald_realtime_missed_publishes_total');
  // The bell rings again when something comes that no poll had to find.
  await until(async () => {
    const before = [await missed(), client.items.length];
    await poster.post(feed, ['rung']);
    await until(() => client.items.length > (before[1] as number));
    return (await missed()) === before[0];
  });
  expect(client.titles.slice(0, 2)).toEqual(['while away', 'just before it is back']);
}, 60_000);

it('keeps sockets while Postgres is away, says so, and catches up', async () => {
  const [id] = await poster.post(feed, ['before']);
  const client = await FeedClient.open(realtime.url, token, '0');
  await client.untilTitles(['before']);
  await postgres.crash();
  client.say({ type: 'ack', cursor: client.cursor });
  client.say({ type: 'mark', ids: [id], as: 'read', ref: '1' });
  expect(await client.next('error')).toMatchObject({ code: 'unavailable', ref: '1' });
  const late = await FeedClient.connect(realtime.url);
  late.say({ type: 'hello', token });
  expect(await late.untilClosed()).toBe(1013);
  const answer = await readFeed();
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).not.toBeNull();
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect((await realtime.health.ready()).ok).toBe(false);
  await postgres.restart();
  await until(() => poster.post(feed, ['after']));
  await until(() => client.titles.includes('after'));
  client.say({ type: 'mark', ids: [id], as: 'read', ref: '2' });
  expect(await client.next('marked')).toMatchObject({ ref: '2', changed: 1 });
  expect(client.closedWith).toBeUndefined();
  // The acknowledgement waited for the database.
  await until(async () => {
    const rows = await db.rows('SELECT 1 FROM feed_items WHERE id = $1 AND delivered_at IS NOT NULL', [id]);
    return rows.length === 1;
  });
}, 60_000);
