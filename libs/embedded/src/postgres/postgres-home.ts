import fs from 'node:fs';
import path from 'node:path';
import { EmbeddedServerError } from '../embedded-server';
import type { Identity } from '../process/server-process';
import { canEnter, serverIdentity } from './server-identity';

/** Where the server's own files are, and as whom it runs. */
export interface PostgresHome {
  /** Holds the data, and the binaries where they could not be run in place. */
  folder: string;
  /** PGDATA. */
  data: string;
  identity: Identity | undefined;
}

/** For root only. Neither a guessable name in a world-writable folder nor one that is cleaned by age. */
const SYSTEM_FOLDER = '/var/lib/herald';

/**
 * Finds the folder for the data: the wanted one, or, where the user that Postgres runs as cannot enter it
 * (root's home, any 0700 folder), one of its own in /var/lib/herald that a link in the wanted one points to.
 */
export function postgresHome(dataDir: string): PostgresHome {
  fs.mkdirSync(dataDir, { recursive: true });
  const folder = elsewhere(dataDir) ?? dataDir;
  const identity = serverIdentity(path.join(folder, 'data'));
  const entered = canEnter(identity, folder) ? folder : moveElsewhere(dataDir);
  return { folder: entered, data: path.join(entered, 'data'), identity };
}

/** Deletes all that was kept for a data folder, here and elsewhere. */
export function removeHome(dataDir: string): void {
  const folder = elsewhere(dataDir);
  if (folder) fs.rmSync(folder, { recursive: true, force: true });
  fs.rmSync(dataDir, { recursive: true, force: true });
}

function elsewhere(dataDir: string): string | undefined {
  const link = path.join(dataDir, 'elsewhere');
  if (!fs.existsSync(link)) return undefined;
  const target = fs.readlinkSync(link);
  return path.dirname(target) === SYSTEM_FOLDER ? target : undefined;
}

function moveElsewhere(dataDir: string): string {
  const folder = systemFolder(dataDir);
  const link = path.join(dataDir, 'elsewhere');
  fs.rmSync(link, { force: true });
  fs.symlinkSync(folder, link);
  return folder;
}

function systemFolder(dataDir: string): string {
  try {
    fs.mkdirSync(SYSTEM_FOLDER, { recursive: true });
    const folder = fs.mkdtempSync(path.join(SYSTEM_FOLDER, 'postgres-'));
    for (const each of [SYSTEM_FOLDER, folder]) fs.chmodSync(each, 0o755);
    return folder;
  } catch (error) {
    throw new EmbeddedServerError(
      'failed',
      `Postgres does not run as root, and the user it runs as can enter neither ${dataDir} nor ` +
        `${SYSTEM_FOLDER} (${error}). Choose a data folder that every user may enter.`,
      { cause: error },
    );
  }
}
