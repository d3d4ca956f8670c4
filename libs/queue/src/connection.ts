import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { type RedisAddress, type RedisServers, redisAddresses } from './redis-servers';

/** One server, the primary that Sentinels name, or a cluster: what can be done with them is the same. */
export type RedisClient = Redis | Cluster;

/**
 * After so long without an answer a connection counts as dead, so that another one can find who answers now. Blocking reads
 * last 10 s at most.
 */
const SILENCE_MS = 6000;
const BLOCKING_SILENCE_MS = 20_000;

/** How long a node that has become a replica may go on refusing writes before the connection to it is given up again. */
const DEMOTED_AGAIN_MS = 2000;

/** Any client of ours that must fail at once rather than wait while Redis is away. */
export function createProducerConnection(servers: RedisServers): RedisClient {
  return connect(servers, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 5000,
    socketTimeout: SILENCE_MS,
  });
}

/** A client for blocking reads: BullMQ's workers wait on it for as long as Redis is away. */
export function createWorkerConnection(servers: RedisServers): RedisClient {
  return connect(servers, { maxRetriesPerRequest: null, socketTimeout: BLOCKING_SILENCE_MS });
}

/**
 * A client that only listens: it is told what to subscribe to anew each time that it has connected. A cluster carries what is
 * published to each of its nodes, so one is listened to, and after a break the next.
 */
export function createSubscriberConnection(servers: RedisServers): Redis {
  const options = { enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResubscribe: false };
  if (servers.mode !== 'cluster') return connectToOne(servers, options);
  const nodes = redisAddresses(servers);
  const client: Redis = new Redis({
    ...common(options),
    ...(nodes[0] as RedisAddress),
    retryStrategy: (times) => {
      Object.assign(client.options, nodes[times % nodes.length]);
      return retryDelay(times);
    },
  });
  return client;
}

function connect(servers: RedisServers, options: RedisOptions): RedisClient {
  return servers.mode === 'cluster' ? connectToCluster(servers, options) : connectToOne(servers, options);
}

function connectToOne(servers: RedisServers, options: RedisOptions): Redis {
  if (servers.mode !== 'sentinel') return new Redis(servers.url, common(options));
  const sentinels = redisAddresses(servers);
  const { username, password, db, tls } = sentinels[0] as RedisAddress;
  return new Redis({
    ...common(options),
    ...{ username, password, db, tls },
    sentinels: sentinels.map(({ host, port }) => ({ host, port })),
    name: servers.sentinelName,
    sentinelPassword: servers.sentinelPassword,
    sentinelRetryStrategy: retryDelay,
    sentinelCommandTimeout: 3000,
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
  });
}

function connectToCluster(servers: RedisServers, options: RedisOptions): Cluster {
  const nodes = redisAddresses(servers);
  const { username, password, tls } = nodes[0] as RedisAddress;
  const { enableOfflineQueue, retryStrategy, ...ofNodes } = common(options);
  return new Cluster(
    nodes.map(({ host, port }) => ({ host, port })),
    {
      ...(enableOfflineQueue !== undefined && { enableOfflineQueue }),
      clusterRetryStrategy: retryDelay,
      slotsRefreshTimeout: 3000,
      slotsRefreshInterval: 5000,
      // Certificates are of names: what is announced is what is connected to.
      dnsLookup: (address, callback) => callback(null, address),
      redisOptions: { ...ofNodes, username, password, tls },
    },
  );
}

function common(options: RedisOptions): RedisOptions {
  let demotedAt = Number.NEGATIVE_INFINITY;
  return {
    ...options,
    connectTimeout: 3000,
    retryStrategy: retryDelay,
    // A primary that was demoted keeps its connections and refuses writes; a new connection finds the new one.
    reconnectOnError: (error) => {
      const now = performance.now();
      if (!error.message.startsWith('READONLY') || now - demotedAt < DEMOTED_AGAIN_MS) return false;
      demotedAt = now;
      return true;
    },
  };
}

function retryDelay(times: number): number {
  return Math.min(times * 100, 2000);
}

/** Resolves once the client is connected; rejects after `timeoutMs`. */
export async function untilConnected(client: RedisClient, timeoutMs: number): Promise<void> {
  if (client.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => done(new Error('Redis did not answer in time')), timeoutMs);
    const onReady = () => done();
    const done = (error?: Error) => {
      clearTimeout(timer);
      client.off('ready', onReady);
      if (error) reject(error);
      else resolve();
    };
    client.once('ready', onReady);
  });
}
