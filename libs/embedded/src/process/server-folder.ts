import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServerError } from '../embedded-server';
import { parentOf, runsIn } from './process-facts';

/** What is written beside the data of a running server, so that a later start can find it. */
export interface ServerRecord {
  kind: string;
  pid: number;
  /** The process that started it and will stop it. */
  ownerPid: number;
  /** The server's working directory, with links resolved. */
  folder: string;
  /** Asks it to end in order. */
  stopSignal: NodeJS.Signals;
}

const GENTLE_MS = 20_000;

/** The log of the server that was started last on this data folder. */
export function logFileOf(dataDir: string): string {
  return path.join(dataDir, 'server.log');
}

/** Notes which process serves the folder. */
export function writeRecord(dataDir: string, record: ServerRecord): void {
  fs.writeFileSync(recordFileOf(dataDir), `${JSON.stringify(record)}\n`);
}

/**
 * Makes sure that no server runs on the folder: one whose owner died is stopped in order, one whose owner lives
 * is an error (`folder-in-use`).
 */
export async function takeOverFolder(dataDir: string): Promise<void> {
  const record = readRecord(dataDir);
  if (!record || !runsIn(record.pid, record.folder)) return;
  if (parentOf(record.pid) === record.ownerPid) {
    throw new EmbeddedServerError(
      'folder-in-use',
      `${dataDir} is in use: ${record.kind} (process ${record.pid}), started by process ${record.ownerPid}.`,
    );
  }
  for (const signal of [record.stopSignal, 'SIGKILL'] as const) {
    signalQuietly(record.pid, signal);
    const deadline = Date.now() + GENTLE_MS;
    while (runsIn(record.pid, record.folder)) {
      if (Date.now() > deadline) break;
      await sleep(20);
    }
  }
}

function recordFileOf(dataDir: string): string {
  return path.join(dataDir, 'server.json');
}

function readRecord(dataDir: string): ServerRecord | undefined {
  try {
    return JSON.parse(fs.readFileSync(recordFileOf(dataDir), 'utf8')) as ServerRecord;
  } catch {
    // No record, or one that was cut short by a crash: no server was ready then.
    return undefined;
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself meanwhile.
  }
}
