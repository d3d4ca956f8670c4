import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { EmbeddedServerError } from '../embedded-server';
import type { PostgresBinaries } from './postgres-binaries';
import type { PostgresHome } from './postgres-home';

/**
 * Initialises the data unless it is there. It gets its name when it is whole, so that an interrupted start
 * leaves nothing that looks like data.
 */
export async function createCluster(
  home: PostgresHome,
  binaries: PostgresBinaries,
  durable: boolean,
): Promise<void> {
  if (fs.existsSync(home.data)) return;
  const unfinished = `${home.data}-unfinished`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.mkdirSync(unfinished, { mode: 0o700 });
  if (home.identity) fs.chownSync(unfinished, home.identity.uid, home.identity.gid);
  await promisify(execFile)(binaries.initdb, ['-D', unfinished, ...initFlags(durable)], {
    ...home.identity,
    cwd: home.folder,
    windowsHide: true,
  }).catch((error: Error & { stdout?: string }) => {
    throw new EmbeddedServerError(
      'failed',
      `PostgreSQL could not initialise ${home.data}: ${error.message}\n${error.stdout ?? ''}`,
      { cause: error },
    );
  });
  fs.renameSync(unfinished, home.data);
}

/** The built-in C.UTF-8 sorts by code point and knows upper and lower case, the same on every system. */
function initFlags(durable: boolean): string[] {
  return [
    '--username=postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync', '--no-data-checksums']),
  ];
}
