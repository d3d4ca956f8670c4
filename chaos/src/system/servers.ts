import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EmbeddedServer,
  removeEmbeddedData,
  startEmbeddedPostgres,
  startEmbeddedRedis,
} from '@herald/embedded';
import { familyOf, newDataDir } from '@herald/testing';

/** Leaves room for every service and for us; few enough to be used up by a scenario. */
const MAX_CONNECTIONS = 120;
/** Holds a cluster, its log of 64 MB and a few hundred thousand rows. */
const SMALL_DISK = '384m';

/** A database server to do harm to. Its port stays the same. */
export interface Victim {
  readonly url: string;
  readonly port: number;
  readonly kind: string;
  /** Ends it as a crash would, and waits until it is gone. */
  crash(): Promise<void>;
  /** Starts it on its data, or on none. */
  start(empty?: boolean): Promise<void>;
  /** Stops its processes in their tracks for so long. */
  stall(ms: number): Promise<void>;
}

export interface Servers {
  postgres: Victim;
  redis: Victim;
  /** The folder of Postgres' disk when it is a small one. */
  smallDisk?: string;
  remove(): Promise<void>;
}

/** Starts an empty Postgres (durable) and an empty Redis (append-only). */
export async function startServers(options: { smallDisk: boolean }): Promise<Servers> {
  const folder = newDataDir();
  const [postgresDir, redisDir] = [path.join(folder, 'postgres'), path.join(folder, 'redis')];
  const smallDisk = options.smallDisk ? mountSmallDisk(postgresDir) : undefined;
  const settings: Record<string, string> = {
    max_connections: String(MAX_CONNECTIONS),
    ...(smallDisk && { max_wal_size: '64MB', min_wal_size: '32MB', shared_buffers: '32MB' }),
  };
  const [postgres, redis] = await Promise.all([
    victim(postgresDir, (port) => startEmbeddedPostgres({ dataDir: postgresDir, port, settings })),
    victim(redisDir, (port) => startEmbeddedRedis({ dataDir: redisDir, port })),
  ]);
  return {
    postgres,
    redis,
    smallDisk,
    remove: async () => {
      await Promise.all([postgres.stop(), redis.stop()]);
      if (smallDisk) execFileSync('umount', ['--lazy', smallDisk]);
      else await removeEmbeddedData(postgresDir);
      await removeEmbeddedData(redisDir);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whether a small disk can be made here: it is a mount, which takes root. */
export function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

function mountSmallDisk(folder: string): string {
  fs.mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK},mode=0755`, 'tmpfs', folder]);
  return folder;
}

async function victim(
  dataDir: string,
  start: (port?: number) => Promise<EmbeddedServer>,
): Promise<Victim & { stop(): Promise<void> }> {
  let server = await start();
  return {
    url: server.url,
    port: server.port,
    kind: server.kind,
    stop: () => server.stop(),
    crash: () => {
      server.kill('SIGKILL');
      return server.stop();
    },
    start: async (empty = false) => {
      await server.stop();
      if (empty) fs.rmSync(path.join(dataDir, 'data'), { recursive: true, force: true });
      server = await start(server.port);
    },
    stall: async (ms) => {
      const family = familyOf(server.pid);
      for (const pid of family) signal(pid, 'SIGSTOP');
      await sleep(ms);
      for (const pid of family) signal(pid, 'SIGCONT');
    },
  };
}

/** A backend may have ended since it was listed. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
