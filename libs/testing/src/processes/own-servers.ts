import fs from 'node:fs';
import path from 'node:path';
import {
  type EmbeddedServer,
  removeEmbeddedData,
  startEmbeddedPostgres,
  startEmbeddedRedis,
} from '@herald/embedded';
import { newDataDir } from './new-data-dir';

/** A database server that a test may stop, crash and start again on its data and port. */
export interface StoppableServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
  /** Ends it as a crash would, and waits until it is gone. */
  crash(): Promise<void>;
  restart(): Promise<void>;
}

export interface OwnServers {
  postgres: StoppableServer;
  redis: StoppableServer;
  /** Stops both and deletes their data. */
  remove(): Promise<void>;
}

/** Starts an empty Postgres, with these settings beside the usual ones, and an empty Redis. */
export async function startOwnServers(ofPostgres: Record<string, string> = {}): Promise<OwnServers> {
  const folder = newDataDir();
  const [postgresDir, redisDir] = [path.join(folder, 'postgres'), path.join(folder, 'redis')];
  // What was committed has to survive a crash of the server, not one of the machine.
  const settings = { synchronous_commit: 'on', ...ofPostgres };
  const [postgres, redis] = await Promise.all([
    ownServer((port) => startEmbeddedPostgres({ dataDir: postgresDir, port, durable: false, settings })),
    ownServer((port) => startEmbeddedRedis({ dataDir: redisDir, port })),
  ]);
  return {
    postgres,
    redis,
    remove: async () => {
      await Promise.all([postgres.stop(), redis.stop()]);
      await removeEmbeddedData(postgresDir);
      await removeEmbeddedData(redisDir);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ownServer(start: (port?: number) => Promise<EmbeddedServer>): Promise<StoppableServer> {
  let server = await start();
  return {
    get url() {
      return server.url;
    },
    get pid() {
      return server.pid;
    },
    stop: () => server.stop(),
    crash: () => {
      server.kill('SIGKILL');
      return server.stop();
    },
    restart: async () => {
      await server.stop();
      server = await start(server.port);
    },
  };
}
