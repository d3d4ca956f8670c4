import { randomBytes } from 'node:crypto';
import { addFeedItems, createTenant, Database, type FeedRef, type NewFeedItem } from '@herald/db';
import { newId } from '@herald/domain';
import {
  createLogger,
  Health,
  Metrics,
  parseEncryptionKeys,
  RedisConfig,
  signRecipientToken,
  startHttpServer,
} from '@herald/platform';
import { createProducerConnection, FeedBell, untilConnected } from '@herald/queue';
import { useTestDatabase, useTestRedis } from '@herald/testing';
import { type SocketsConfig } from '../config';
import { type RealtimeOptions, startRealtime } from '../start-realtime';

export const ENCRYPTION_KEYS = [`test:${randomBytes(32).toString('base64')}`];
const KEYS = parseEncryptionKeys(ENCRYPTION_KEYS);

export interface TestServers {
  databaseUrl: string;
  redisUrl: string;
  prefix: string;
}

export interface TestRealtime {
  url: string;
  metrics: Metrics;
  health: Health;
  /** The sum of a metric's series whose labels contain this text. */
  metric(name: string, labels?: string): Promise<number>;
  closeSockets(deadlineMs: number): Promise<void>;
  stop(): Promise<void>;
}

const SOCKETS: SocketsConfig = {
  maxSockets: 1000,
  maxPerTenant: 1000,
  maxPerRecipient: 20,
  messagesPerSecond: 1000,
  pollMs: 60_000,
  pingMs: 30_000,
  helloTimeoutMs: 10_000,
  slowBytes: 262_144,
  slowTimeoutMs: 30_000,
  drainMs: 1000,
};

export interface RealtimeTest {
  db: Database;
  poster: Poster;
  servers: TestServers;
  instances: TestRealtime[];
  /** The first of them. */
  realtime: TestRealtime;
  /** One of its own for each test. */
  feed: FeedRef;
}

/**
 * Gives the test file some realtime services, a poster and feeds, on a database and a Redis prefix of its own or on the
 * servers that it says.
 */
export function useRealtime({
  instances = 1,
  servers = useTestServers,
}: {
  instances?: number;
  servers?: () => () => TestServers;
} = {}): RealtimeTest {
  const on = { instances: [] as TestRealtime[] } as RealtimeTest;
  // Those of the servers come after it, in the order they are written.
  afterAll(async () => {
    on.poster?.close();
    await Promise.all(on.instances.map((instance) => instance.stop()));
    await on.db?.close();
  });
  const where = servers();
  beforeAll(async () => {
    on.servers = where();
    on.db = await connectDatabase(on.servers.databaseUrl);
    on.poster = await openPoster(on.db, on.servers);
    on.instances = await Promise.all(Array.from({ length: instances }, () => openRealtime(on.servers)));
    on.realtime = on.instances[0] as TestRealtime;
  }, 60_000);
  beforeEach(async () => {
    on.feed = await newFeed(on.db);
  });
  return on;
}

function useTestServers(): () => TestServers {
  const database = useTestDatabase();
  const redis = useTestRedis();
  return () => ({ databaseUrl: database.url, redisUrl: redis.url, prefix: redis.prefix });
}

/** One process' realtime service on a free port. Polls are so rare that no test waits for one unless it says so. */
export async function openRealtime(
  { databaseUrl, redisUrl, prefix }: TestServers,
  over: { sockets?: Partial<SocketsConfig>; requests?: Partial<RealtimeOptions['config']['requests']> } = {},
): Promise<TestRealtime> {
  const [metrics, health] = [new Metrics(), new Health()];
  const postgres = {
    url: databaseUrl,
    poolSize: 6,
    statementTimeoutMs: 5000,
    connectTimeoutMs: 1000,
  };
  const config = {
    http: { trustProxy: [] } as unknown as RealtimeOptions['config']['http'],
    postgres,
    redis: Object.assign(new RedisConfig(), { url: redisUrl, queuePrefix: prefix }),
    crypto: { encryptionKeys: ENCRYPTION_KEYS },
    rateLimit: { timeoutMs: 500 },
    requests: { perSecond: 1000, burst: 1000, ...over.requests },
    sockets: { ...SOCKETS, ...over.sockets },
  };
  const logger = createLogger({ service: 'realtime', level: 'silent' });
  const realtime = await startRealtime({ config, logger, metrics, health });
  const { handler, upgrade, closeSockets } = realtime;
  const server = await startHttpServer({ handler, upgrade, host: '127.0.0.1', port: 0 });
  return {
    url: server.url,
    metrics,
    health,
    metric: async (name, labels = '') => sumOf((await metrics.render()).body, name, labels),
    closeSockets,
    stop: async () => {
      await closeSockets(500);
      await server.close(500);
      await realtime.stop();
    },
  };
}

function sumOf(text: string, name: string, labels: string): number {
  const lines = text.split('\n').filter((l) => l.startsWith(`${name}{`) || l.startsWith(`${name} `));
  return lines
    .filter((line) => line.includes(labels))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

function connectDatabase(url: string): Promise<Database> {
  return Database.connect({
    url,
    poolSize: 5,
    statementTimeoutMs: 5000,
    connectTimeoutMs: 1000,
    applicationName: 'test',
  });
}

/** What workers do: adds items to feeds and rings for them. */
export interface Poster {
  /** Adds items with these titles, and rings unless told otherwise. Gives their ids. */
  post(feed: FeedRef, titles: readonly string[], options?: PostOptions): Promise<string[]>;
  close(): void;
}
export type PostOptions = Partial<NewFeedItem> & { silently?: boolean };

async function openPoster(
  db: Database,
  { redisUrl, prefix }: Omit<TestServers, 'databaseUrl'>,
): Promise<Poster> {
  const redis = createProducerConnection({ url: redisUrl });
  redis.on('error', () => undefined);
  await untilConnected(redis, 10_000);
  const bell = new FeedBell(redis, prefix, () => undefined);
  return {
    post: async (feed, titles, { silently = false, ...item } = {}) => {
      // Within a batch the order is that of the ids, and those of one millisecond have none.
      const began = Date.now() - titles.length;
      const items = titles.map((title, n) => ({
        ...feed,
        id: newId(began + n),
        notificationId: newId(Date.now()),
        title,
        ...item,
      }));
      const heads = await addFeedItems(db, items);
      if (!silently) await bell.ring(heads);
      return items.map(({ id }) => id);
    },
    close: () => redis.disconnect(),
  };
}

/** A feed of its own, of a new tenant unless one is given. */
export async function newFeed(db: Database, tenantId?: string): Promise<FeedRef> {
  const recipient = `user-${randomBytes(4).toString('hex')}`;
  if (tenantId !== undefined) return { tenantId, recipient };
  const id = newId(Date.now());
  await createTenant(db, { id, name: 'Shop' }, { id: newId(Date.now()), secret: 'sealed' });
  return { tenantId: id, recipient };
}

export async function tokenOf(feed: FeedRef, ttlSeconds = 3600): Promise<string> {
  return (await signRecipientToken(KEYS, { ...feed, ttlSeconds })).token;
}
