import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/**
 * Whether the process lives and works in that folder. All our servers make their data folder their working
 * directory, so this tells ours from a stranger that got the same process id later.
 * Where the system cannot tell (Windows, another user's process) the answer is false.
 */
export function runsIn(pid: number, folder: string): boolean {
  return workingDirectoryOf(pid) === folder;
}

/** The id of the parent process, undefined when the process is gone or the system cannot tell. */
export function parentOf(pid: number): number | undefined {
  const answer =
    process.platform === 'linux'
      ? readQuietly(`/proc/${pid}/status`)
      : ask('ps', ['-o', 'ppid=', '-p', `${pid}`]);
  const found = /^(?:PPid:)?\s*(\d+)\s*$/m.exec(answer);
  return found ? Number(found[1]) : undefined;
}

/** Whether any process has this id, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function workingDirectoryOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      return fs.readlinkSync(`/proc/${pid}/cwd`);
    } catch {
      return undefined;
    }
  }
  if (process.platform === 'win32') return undefined;
  return /^n(.+)$/m.exec(ask('lsof', ['-a', '-d', 'cwd', '-p', `${pid}`, '-Fn']))?.[1];
}

function readQuietly(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function ask(command: string, args: string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '';
}
