import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addFeedItems, type Database, migrate, Tenant } from '@herald/db';
import { newId } from '@herald/domain';
import { generateEncryptionKey } from '@herald/platform';
import { createProducerConnection, FeedBell, untilConnected } from '@herald/queue';
import { parseFlags, wholeNumber } from '../command-line';
import { print } from '../print';
import { Helper } from '../processes/helper';
import { type ServiceProcess, startService, untilReady } from '../processes/service-process';
import { describeMachine } from '../report/machine';
import { whole } from '../report/report';
import { percentile } from '../report/statistics';
import { textTable } from '../report/text-table';
import { connect, helperFile, startServers } from '../stage';
import { startAndUse } from '../start-and-use';
import { type StopList } from '../stop-list';
import { type FeedSocketsCalls, type Opened } from './feed-sockets-process';

export const SOCKETS_USAGE = `Usage: npm run bench -- sockets [--count 10000] [--items 500] [--json FILE]

Opens --count sockets to one realtime service, each of a recipient of its own, and says what an idle one costs in memory and
how long it took to open; then posts --items items, 50 a second, each to one of them, and says how long they took from
the bell to the client. Needs about twice as many open files as sockets (ulimit -n).
`;

/** Opened and closed once before anything is measured, so that code is compiled and pools are warm. */
const WARM_UP = 500;
const AT_ONCE = 64;
const SETTLE_MS = 8000;
const ITEMS_PER_SECOND = 50;
const PREFIX = '{herald}';
const MEBI = 2 ** 20;

interface Stage {
  db: Database;
  realtime: ServiceProcess;
  clients: Helper<FeedSocketsCalls>;
  bell: FeedBell;
  redisKind: string;
  encryptionKey: string;
}

interface Memory {
  rss: number;
  heapUsed: number;
}

interface Measured {
  before: Memory;
  after: Memory;
  opened: Opened;
  bellToClient: { count: number; p50Ms: number; p99Ms: number; maxMs: number };
  /** Sockets that the service closed meanwhile. */
  lost: number;
}

/** `npm run bench -- sockets`. */
export async function runSockets(args: readonly string[]): Promise<void> {
  const given = parseFlags(args, { values: ['count', 'items', 'json'] });
  const count = wholeNumber('count', given.count ?? '10000', 1, 20_000);
  const items = wholeNumber('items', given.items ?? '500', 1, 100_000);
  await startAndUse(start, async (stage) => {
    const measured = await Promise.race([measure(stage, count, items), stage.realtime.failed]);
    print(report(count, measured));
    const [postgres] = await stage.db.rows<{ server_version: string }>('SHOW server_version');
    const machine = describeMachine(stage.redisKind, postgres?.server_version ?? '');
    if (given.json)
      fs.writeFileSync(given.json, `${JSON.stringify({ machine, count, ...measured }, null, 2)}\n`);
  });
}

async function start(stops: StopList): Promise<Stage> {
  const { postgres, redis } = await startServers(stops);
  await migrate(postgres.url);
  const db = await connect(postgres.url);
  stops.add(() => db.close());
  const encryptionKey = generateEncryptionKey();
  const env = {
    ...process.env,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    REDIS_QUEUE_PREFIX: PREFIX,
    HERALD_ENCRYPTION_KEYS: encryptionKey,
    SHUTDOWN_DEADLINE_MS: '5000',
    REALTIME_DRAIN_MS: '1000',
  };
  const realtime = await startService({ name: 'realtime', env });
  stops.add(() => realtime.stop());
  await Promise.race([untilReady(realtime), realtime.failed]);
  const clients = Helper.start<FeedSocketsCalls>('clients', helperFile('sockets/feed-sockets-process'));
  stops.add(() => clients.stop());
  const client = createProducerConnection(redis);
  stops.add(() => client.disconnect());
  await untilConnected(client, 10_000);
  const bell = new FeedBell(client, PREFIX, (error) => {
    throw error;
  });
  return { db, realtime, clients, bell, redisKind: redis.kind, encryptionKey };
}

async function measure(stage: Stage, count: number, items: number): Promise<Measured> {
  const { db, realtime, clients, encryptionKey } = stage;
  const tenantId = newId(Date.now());
  await db.repository(Tenant).insert({ id: tenantId, name: 'sockets' });
  const recipients = Array.from({ length: count }, (_, n) => `user_${n}`);
  const plan = { port: realtime.port, tenantId, encryptionKey, atOnce: AT_ONCE };
  await clients.call('open', { ...plan, recipients: recipients.slice(0, WARM_UP) });
  await clients.call('closeAll', undefined);
  await sleep(SETTLE_MS);
  const before = await memoryOf(realtime);
  const opened = await clients.call('open', { ...plan, recipients });
  await sleep(SETTLE_MS);
  const after = await memoryOf(realtime);
  for (let n = 0; n < items; n += 1) {
    await postItem(stage, { tenantId, recipient: recipients[(n * 7919) % count] as string });
    await sleep(1000 / ITEMS_PER_SECOND);
  }
  await sleep(2000);
  const arrivals = (await clients.call('arrivals', undefined)).sort((a, b) => a - b);
  const at = (part: number) => percentile(arrivals, part);
  const bellToClient = { count: arrivals.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  return { before, after, opened, bellToClient, lost: await clients.call('closed', undefined) };
}

/** Adds an item whose title is the time at which it is rung for, as nearly as it can be known. */
async function postItem({ db, bell }: Stage, feed: { tenantId: string; recipient: string }): Promise<void> {
  const [id, notificationId] = [newId(Date.now()), newId(Date.now())];
  const title = String(performance.timeOrigin + performance.now());
  await bell.ring(await addFeedItems(db, [{ ...feed, id, notificationId, title }]));
}

async function memoryOf({ url }: ServiceProcess): Promise<Memory> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const figure = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
  return { rss: figure('process_resident_memory_bytes'), heapUsed: figure('nodejs_heap_size_used_bytes') };
}

function report(count: number, { before, after, opened, bellToClient, lost }: Measured): string {
  const row = (name: string, key: keyof Memory) => [
    name,
    `${(before[key] / MEBI).toFixed(0)} MiB`,
    `${(after[key] / MEBI).toFixed(0)} MiB`,
    `${((after[key] - before[key]) / count / 1024).toFixed(1)} KiB`,
  ];
  const ms = (value: number) => value.toFixed(1);
  return [
    textTable([
      ['realtime', 'before', `${whole(count)} idle`, 'for each'],
      row('resident', 'rss'),
      row('heap used', 'heapUsed'),
    ]),
    '',
    `opened in ${opened.seconds.toFixed(1)} s, ${whole(count / opened.seconds)} a second, ${AT_ONCE} at once; ` +
      `connect to welcome p50 ${ms(opened.p50Ms)} ms, p99 ${ms(opened.p99Ms)} ms`,
    `insert, bell and push: ${bellToClient.count} arrived, p50 ${ms(bellToClient.p50Ms)} ms, ` +
      `p99 ${ms(bellToClient.p99Ms)} ms, longest ${ms(bellToClient.maxMs)} ms; ${lost} sockets were closed`,
  ].join('\n');
}
