import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedServer, EmbeddedServerError } from '../embedded-server';
import { onPort } from '../free-port';
import { isAlive, runsIn } from '../process/process-facts';
import { takeOverFolder } from '../process/server-folder';
import { type ServerProcess, startServerProcess } from '../process/server-process';
import { createCluster } from './create-cluster';
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries';
import { type PostgresHome, postgresHome } from './postgres-home';
import { settingFlags } from './settings';

export interface EmbeddedPostgresOptions {
  /** Everything is kept below; created when missing. */
  dataDir: string;
  /** On 127.0.0.1; default: a free one. */
  port?: number;
  /** Server settings that override the defaults. */
  settings?: Record<string, string>;
  /** False gives up safety against power loss for speed: tests. Default true. */
  durable?: boolean;
}

/** How long the backends of a killed server may take to let go of its shared memory. */
const CRASH_GRACE_MS = 5_000;

/**
 * Starts PostgreSQL on a data folder, which is initialised first when it is new. The superuser `postgres` is
 * trusted on 127.0.0.1, the only address. Throws {@link EmbeddedServerError}.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedServer> {
  const dataDir = path.resolve(options.dataDir);
  const durable = options.durable ?? true;
  await takeOverFolder(dataDir);
  const home = postgresHome(dataDir);
  const binaries = postgresBinaries(home);
  await createCluster(home, binaries, durable);
  checkVersion(home, binaries);
  return onPort(options.port, async (port) => {
    const flags = settingFlags(port, durable, options.settings ?? {});
    const server = await launch(dataDir, home, binaries, flags);
    return { ...server, kind: 'postgres', port, url: `postgres://postgres@127.0.0.1:${port}/postgres` };
  });
}

async function launch(
  dataDir: string,
  home: PostgresHome,
  binaries: PostgresBinaries,
  flags: string[],
): Promise<ServerProcess> {
  const crashed = fs.existsSync(lockFile(home));
  if (crashed) disownLockFile(home);
  const deadline = Date.now() + (crashed ? CRASH_GRACE_MS : 0);
  for (;;) {
    try {
      return await startServerProcess({
        kind: 'postgres',
        command: binaries.postgres,
        args: ['-D', home.data, ...flags],
        dataDir,
        folder: home.data,
        identity: home.identity,
        stopSignal: 'SIGINT',
        orphanNotice: 'watchdog',
        stopByCommand: process.platform === 'win32' ? () => stopOnWindows(home, binaries) : undefined,
        isReady: (pid) => isReady(home, pid),
      });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

/** The server keeps its state in the eighth line of its lock file; pg_ctl goes by it too. */
function isReady(home: PostgresHome, pid: number): boolean {
  const lines = readLockFile(home);
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

/**
 * After a crash Postgres refuses to start as long as any process has the id in its lock file, and ids are used
 * again, in containers soon. When that process is not a server on this data, our own id goes there: Postgres
 * knows that its parent is no server, and still checks the shared memory that the rest of the file names.
 */
function disownLockFile(home: PostgresHome): void {
  const [first, ...rest] = readLockFile(home);
  const pid = Number(first);
  if (process.platform === 'win32' || !isAlive(pid) || runsIn(pid, fs.realpathSync(home.data))) return;
  fs.writeFileSync(lockFile(home), [`${process.pid}`, ...rest].join('\n'));
}

function lockFile(home: PostgresHome): string {
  return path.join(home.data, 'postmaster.pid');
}

function readLockFile(home: PostgresHome): string[] {
  try {
    return fs.readFileSync(lockFile(home), 'utf8').split('\n');
  } catch {
    return [];
  }
}

function stopOnWindows(home: PostgresHome, binaries: PostgresBinaries): void {
  spawnSync(binaries.pgCtl, ['stop', '-D', home.data, '-m', 'fast'], { windowsHide: true });
}

function checkVersion(home: PostgresHome, binaries: PostgresBinaries): void {
  const made = fs.readFileSync(path.join(home.data, 'PG_VERSION'), 'utf8').trim();
  if (made === binaries.major) return;
  throw new EmbeddedServerError(
    'other-version',
    `${home.data} was made by PostgreSQL ${made}, and this is PostgreSQL ${binaries.major}. Move the data with ` +
      `pg_dumpall of version ${made}, or start with an empty folder.`,
  );
}
