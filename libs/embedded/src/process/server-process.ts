import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServerError } from '../embedded-server';
import { logFileOf, writeRecord } from './server-folder';

/** The user a server runs as, when it is not the user of this process. */
export interface Identity {
  uid: number;
  gid: number;
}

export interface ServerCommand {
  kind: string;
  command: string;
  args: string[];
  /** Where the record and the log are kept. */
  dataDir: string;
  /** Working directory of the server: its data. */
  folder: string;
  identity?: Identity;
  /** Asks the server to end in order. */
  stopSignal: 'SIGINT' | 'SIGTERM';
  /**
   * How the server learns that this process died: through the closed IPC channel, which it must watch itself,
   * or by `stopSignal` from a watchdog.
   */
  orphanNotice: 'ipc' | 'watchdog';
  /** Used instead of `stopSignal` where signals do not exist. */
  stopByCommand?: () => void;
  /** Asked every few milliseconds until it says yes. */
  isReady: (pid: number) => boolean | Promise<boolean>;
}

export interface ServerProcess {
  pid: number;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const READY_MS = 60_000;
const GENTLE_MS = 20_000;

/**
 * Starts a server in a process group of its own (Ctrl-C in a terminal reaches only us, and we stop it in order)
 * and waits until it is ready. Throws `failed` with the end of its log when it ends or is not ready in time.
 */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const child = spawnServer(command);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await once(child, 'spawn').catch((error: Error) => {
    throw new EmbeddedServerError('failed', `${command.kind} cannot be run: ${error.message}`, {
      cause: error,
    });
  });
  const pid = child.pid as number;
  writeRecord(command.dataDir, {
    kind: command.kind,
    pid,
    ownerPid: process.pid,
    folder: fs.realpathSync(command.folder),
    stopSignal: command.stopSignal,
  });
  if (command.orphanNotice === 'watchdog') startWatchdog(child, command.stopSignal);
  await waitUntilReady(child, command);
  let stopped: Promise<void> | undefined;
  return {
    pid,
    stop: () => {
      stopped ??= stopServer(child, exited, command);
      return stopped;
    },
    kill: (signal) => void child.kill(signal),
  };
}

function spawnServer(command: ServerCommand): ChildProcess {
  const log = fs.openSync(logFileOf(command.dataDir), 'w');
  try {
    return spawn(command.command, command.args, {
      ...command.identity,
      cwd: command.folder,
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['ignore', log, log, ...(command.orphanNotice === 'ipc' ? (['ipc'] as const) : [])],
    });
  } finally {
    fs.closeSync(log);
  }
}

/**
 * A shell that waits for the end of its input, which comes when this process is gone for whatever reason,
 * SIGKILL included, and then asks the server to end.
 */
function startWatchdog(server: ChildProcess, signal: string): void {
  if (process.platform === 'win32') return;
  const script = 'read -r _; kill -s "$1" "$2"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'sh', signal.slice('SIG'.length), `${server.pid}`], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell an orphan is found and stopped by the next start on its folder.
  watchdog.on('error', () => undefined);
  watchdog.stdin.on('error', () => undefined);
  watchdog.unref();
  (watchdog.stdin as unknown as { unref(): void }).unref();
  server.once('exit', () => watchdog.kill('SIGKILL'));
}

async function waitUntilReady(child: ChildProcess, command: ServerCommand): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await command.isReady(child.pid as number))) {
    if (hasExited(child)) throw startFailure(command, `ended with ${child.exitCode ?? child.signalCode}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw startFailure(command, `was not ready after ${READY_MS / 1000} s`);
    }
    await sleep(5);
  }
}

function startFailure(command: ServerCommand, what: string): EmbeddedServerError {
  const log = fs.readFileSync(logFileOf(command.dataDir), 'utf8').trim().split('\n').slice(-15).join('\n');
  return new EmbeddedServerError(
    'failed',
    `${command.kind} ${what}. Its log (${logFileOf(command.dataDir)}):\n${log}`,
  );
}

async function stopServer(child: ChildProcess, exited: Promise<void>, command: ServerCommand): Promise<void> {
  if (hasExited(child)) return;
  if (command.stopByCommand) command.stopByCommand();
  else child.kill(command.stopSignal);
  const late = setTimeout(() => child.kill('SIGKILL'), GENTLE_MS);
  await exited;
  clearTimeout(late);
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
