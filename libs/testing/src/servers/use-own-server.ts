import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type EmbeddedServer,
  removeEmbeddedData,
  startEmbeddedPostgres,
  startEmbeddedRedis,
} from '@herald/embedded';
import { databaseUrl, migratedDatabase } from './test-databases';

/** A server that belongs to one test file, which may do to it what it likes. */
export interface OwnServer {
  /** Stays the same over restarts. */
  readonly url: string;
  stop(): Promise<void>;
  /** Ends it at once, as a crash would, and waits until it is gone. */
  crash(): Promise<void>;
  /** Starts it again on its data and port, after stopping it in order if it still runs. */
  restart(): Promise<void>;
}

const HOOK_MS = 60_000;

/**
 * A Redis for tests that flush, stop or kill it. Its data survives a `stop`, not always a `crash`.
 * It stops in an `afterAll`; those run in the order they are written, so write the one that closes your clients
 * above this call.
 */
export function useOwnRedis(): OwnServer {
  return useOwnServer((dataDir, port) => startEmbeddedRedis({ dataDir, port }));
}

/**
 * A Postgres with a migrated database, for tests that stop or kill it. What was committed survives a `crash`.
 * For the order of `afterAll` see {@link useOwnRedis}.
 */
export function useOwnPostgres(): OwnServer {
  const name = 'herald';
  return useOwnServer(async (dataDir, port) => {
    // Without fsync a crash of the machine loses data, without synchronous commits one of the server does too.
    const settings = { synchronous_commit: 'on' };
    const server = await startEmbeddedPostgres({ dataDir, port, durable: false, settings });
    const isNew = port === undefined;
    return {
      ...server,
      url: isNew ? await migratedDatabase(server.url, name) : databaseUrl(server.url, name),
    };
  });
}

function useOwnServer(start: (dataDir: string, port?: number) => Promise<EmbeddedServer>): OwnServer {
  let folder: string;
  let server: EmbeddedServer;
  const dataDir = () => path.join(folder, 'data');

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-own-'));
    // Started by root, Postgres runs as another user, who must be able to enter.
    fs.chmodSync(folder, 0o755);
    server = await start(dataDir());
  }, HOOK_MS);

  afterAll(async () => {
    await server?.stop();
    await removeEmbeddedData(dataDir());
    fs.rmSync(folder, { recursive: true });
  }, HOOK_MS);

  return {
    get url() {
      return server.url;
    },
    stop: () => server.stop(),
    crash: () => {
      server.kill('SIGKILL');
      return server.stop();
    },
    restart: async () => {
      await server.stop();
      server = await start(dataDir(), server.port);
    },
  };
}
