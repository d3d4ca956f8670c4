import { type OwnServer, until, useOwnPostgres, useOwnRedis } from '@herald/testing';
import { FeedClient } from './testing/feed-client';
import { tokenOf, useRealtime } from './testing/use-realtime';

let postgres: OwnServer;
let redis: OwnServer;
const on = useRealtime({
  servers: () => {
    postgres = useOwnPostgres();
    redis = useOwnRedis();
    return () => ({ databaseUrl: postgres.url, redisUrl: redis.url, prefix: '{test}' });
  },
});
let token: string;
beforeEach(async () => {
  token = await tokenOf(on.feed);
});

const readFeed = () => fetch(`${on.realtime.url}/v1/feed`, { headers: { authorization: `Bearer ${token}` } });

it('polls for news while Redis is away, and hears the bell again once it is back', async () => {
  const client = await FeedClient.open(on.realtime.url, token);
  await redis.crash();
  await on.poster.post(on.feed, ['while away']);
  await client.untilTitles(['while away']);
  const opened = await FeedClient.open(on.realtime.url, token, '0');
  await opened.untilTitles(['while away']);
  expect((await readFeed()).status).toBe(200);
  expect(await on.realtime.metric('herald_rate_limit_unchecked_total')).toBeGreaterThan(0);
  await on.poster.post(on.feed, ['just before it is back'], { silently: true });
  await redis.restart();
  await client.untilTitles(['while away', 'just before it is back']);
  const missed = () => on.realtime.metric('herald_realtime_missed_publishes_total');
  // The bell rings again when something comes that no poll had to find.
  await until(async () => {
    const before = [await missed(), client.items.length];
    await on.poster.post(on.feed, ['rung']);
    await until(() => client.items.length > (before[1] as number));
    return (await missed()) === before[0];
  });
  expect(client.titles.slice(0, 2)).toEqual(['while away', 'just before it is back']);
}, 60_000);

it('keeps sockets while Postgres is away, says so, and catches up', async () => {
  const [id] = await on.poster.post(on.feed, ['before']);
  const client = await FeedClient.open(on.realtime.url, token, '0');
  await client.untilTitles(['before']);
  await postgres.crash();
  client.say({ type: 'ack', cursor: client.cursor });
  client.say({ type: 'mark', ids: [id], as: 'read', ref: '1' });
  expect(await client.next('error')).toMatchObject({ code: 'unavailable', ref: '1' });
  const late = await FeedClient.connect(on.realtime.url);
  late.say({ type: 'hello', token });
  expect(await late.untilClosed()).toBe(1013);
  const answer = await readFeed();
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).not.toBeNull();
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect((await on.realtime.health.ready()).ok).toBe(false);
  await postgres.restart();
  await until(() => on.poster.post(on.feed, ['after']));
  await until(() => client.titles.includes('after'));
  client.say({ type: 'mark', ids: [id], as: 'read', ref: '2' });
  expect(await client.next('marked')).toMatchObject({ ref: '2', changed: 1 });
  expect(client.closedWith).toBeUndefined();
  // The acknowledgement waited for the database.
  await until(async () => {
    const rows = await on.db.rows('SELECT 1 FROM feed_items WHERE id = $1 AND delivered_at IS NOT NULL', [
      id,
    ]);
    return rows.length === 1;
  });
}, 60_000);
