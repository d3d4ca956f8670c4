import { Redis, type RedisOptions } from 'ioredis';

/** Any client of ours that must fail at once rather than wait while Redis is away. */
export function createProducerConnection(url: string): Redis {
  return connect(url, { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: 5000 });
}

/** A client for blocking reads: BullMQ's workers wait on it for as long as Redis is away. */
export function createWorkerConnection(url: string): Redis {
  return connect(url, { maxRetriesPerRequest: null });
}

/** A client that only listens: it is told what to subscribe to anew each time that it has connected. */
export function createSubscriberConnection(url: string): Redis {
  return connect(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResubscribe: false });
}

function connect(url: string, options: RedisOptions): Redis {
  return new Redis(url, {
    ...options,
    connectTimeout: 3000,
    retryStrategy: (times) => Math.min(times * 100, 2000),
  });
}

/** Resolves once the client is connected; rejects after `timeoutMs`. */
export async function untilConnected(client: Redis, timeoutMs: number): Promise<void> {
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
