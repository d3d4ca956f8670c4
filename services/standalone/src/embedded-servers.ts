import { startEmbeddedPostgres, startEmbeddedRedis } from '@herald/embedded';
import { type Environment } from '@herald/platform';
import { type DataFolder } from './data-folder';

export interface EmbeddedServers {
  databaseUrl: string;
  redisUrl: string;
  postgresKind: string;
  redisKind: string;
  stop(): Promise<void>;
}

interface Server {
  url: string;
  kind: string;
  stop(): Promise<void>;
}

/** Postgres and Redis: those of DATABASE_URL and REDIS_URL where they are given, embedded ones otherwise. */
export async function startServers(folder: DataFolder, env: Environment): Promise<EmbeddedServers> {
  const results = await Promise.allSettled([
    env.DATABASE_URL ? external(env.DATABASE_URL) : startEmbeddedPostgres({ dataDir: folder.postgres }),
    env.REDIS_URL ? external(env.REDIS_URL) : startEmbeddedRedis({ dataDir: folder.redis }),
  ]);
  const [postgres, redis] = results;
  if (postgres.status === 'rejected' || redis.status === 'rejected') {
    await Promise.all(
      results.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)),
    );
    throw postgres.status === 'rejected' ? postgres.reason : (redis as PromiseRejectedResult).reason;
  }
  return {
    databaseUrl: postgres.value.url,
    redisUrl: redis.value.url,
    postgresKind: postgres.value.kind,
    redisKind: redis.value.kind,
    stop: async () => {
      await redis.value.stop();
      await postgres.value.stop();
    },
  };
}

async function external(url: string): Promise<Server> {
  return { url, kind: 'yours', stop: async () => undefined };
}
