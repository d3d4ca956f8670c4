import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import type { Identity } from '../process/server-process';

/**
 * The user that Postgres has to run as: undefined for "as we are". Postgres refuses root, so as root it is the
 * owner of existing data, or else `nobody`.
 */
export function serverIdentity(dataFolder: string): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = fs.statSync(dataFolder, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return nobody();
}

/** Whether that user can enter the folder: any closed folder above it is enough to keep it out. */
export function canEnter(identity: Identity | undefined, folder: string): boolean {
  if (!identity) return true;
  return spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...identity, cwd: '/' }).status === 0;
}

/** initdb wants a user that is listed in the password file, and the number of `nobody` differs by system. */
function nobody(): Identity {
  const found = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(fs.readFileSync('/etc/passwd', 'utf8'));
  return { uid: Number(found?.[1] ?? 65_534) >>> 0, gid: Number(found?.[2] ?? 65_534) >>> 0 };
}
