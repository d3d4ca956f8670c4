import fs from 'node:fs';
import path from 'node:path';
import { removeEmbeddedData } from '@herald/embedded';
import { type DevFile } from '@herald/standalone';
import {
  type Child,
  type Client,
  createClient,
  type Exit,
  endChild,
  freePorts,
  type LogLine,
  newDataDir,
  startChild,
  tail,
  until,
} from '@herald/testing';
import { createSandboxClient, type SandboxClient } from './sandbox-client';

const MAIN = path.resolve(__dirname, '../../services/standalone/dist/main.js');
const READY_MS = 60_000;
/** The API's port and those of admin, edge, sandbox, SMTP and APNs. */
const PORTS = 6;

export interface HeraldOptions {
  /** Over what `npm start` sets; see docs/configuration.md. */
  env?: Record<string, string>;
  /** A free one by default, with free ones behind it. */
  port?: number;
}

/** A standalone Herald as `npm start` runs it: one process with everything in it, and embedded servers. */
export interface Herald {
  readonly dataDir: string;
  readonly port: number;
  readonly dev: DevFile;
  readonly child: Child;
  /** With the demo tenant's key. */
  readonly api: Client;
  /** With the operator's key. */
  readonly admin: Client;
  readonly sandbox: SandboxClient;
  /** Errors in the log of this and earlier runs. */
  errors(): LogLine[];
  /** Ends it in order. */
  stop(signal?: 'SIGINT' | 'SIGTERM'): Promise<Exit>;
  /** Ends it as a crash would. */
  kill(): Promise<Exit>;
  /** Starts it again on its data and ports, after stopping it if it still runs. */
  restart(...flags: string[]): Promise<void>;
  /** Stops it and deletes its data. */
  remove(): Promise<void>;
}

/** Starts a Herald on an empty folder and free ports. */
export async function startHerald({ env = {}, port: wanted }: HeraldOptions = {}): Promise<Herald> {
  const dataDir = newDataDir();
  const port = wanted ?? (await freePorts(PORTS));
  const start = async (...flags: string[]) => {
    const child = startStandalone({ dataDir, port, env, flags });
    return { child, ...connect(await untilReady(child, dataDir)) };
  };
  let running = await start();
  const earlierErrors: LogLine[] = [];
  const end = async (signal: NodeJS.Signals) => {
    const exit = await endChild(running.child, signal);
    earlierErrors.push(...running.child.errors());
    return exit;
  };
  return {
    dataDir,
    port,
    get dev() {
      return running.dev;
    },
    get child() {
      return running.child;
    },
    get api() {
      return running.api;
    },
    get admin() {
      return running.admin;
    },
    get sandbox() {
      return running.sandbox;
    },
    errors: () => [...earlierErrors, ...running.child.errors()],
    stop: (signal = 'SIGTERM') => end(signal),
    kill: () => end('SIGKILL'),
    restart: async (...flags) => {
      if (running.child.isRunning()) await end('SIGTERM');
      running = await start(...flags);
    },
    remove: async () => {
      if (running.child.isRunning()) await end('SIGTERM');
      await removeData(dataDir);
    },
  };
}

export interface StandaloneStart {
  dataDir: string;
  port: number | string;
  env?: Record<string, string>;
  flags?: string[];
}

/** Starts the process and waits for nothing. */
export function startStandalone({ dataDir, port, env = {}, flags = [] }: StandaloneStart): Child {
  return startChild([MAIN, '--data-dir', dataDir, '--port', String(port), ...flags], env);
}

/** Deletes the data of a Herald that has ended. */
export async function removeData(dataDir: string): Promise<void> {
  await removeEmbeddedData(path.join(dataDir, 'postgres'));
  await removeEmbeddedData(path.join(dataDir, 'redis'));
  fs.rmSync(dataDir, { recursive: true, force: true });
}

/** Waits for dev.json, which is written when everything runs; not for one that an earlier process left. */
export async function untilReady(child: Child, dataDir: string): Promise<DevFile> {
  const read = (name: string) => fs.readFileSync(path.join(dataDir, name), 'utf8');
  const dev = await until(
    () => {
      if (!child.isRunning()) return 'ended' as const;
      return read('herald.pid') === String(child.pid) && (JSON.parse(read('dev.json')) as DevFile);
    },
    { timeoutMs: READY_MS, what: 'dev.json' },
  ).catch((error: Error) => {
    child.kill('SIGKILL');
    throw error;
  });
  if (dev === 'ended') {
    await child.exited;
    throw new Error(`Herald ended instead of starting:\n${tail(child)}`);
  }
  return dev;
}

function connect(dev: DevFile) {
  return {
    dev,
    api: createClient(dev.apiUrl, dev.apiKey),
    admin: createClient(dev.adminUrl, dev.adminKey),
    sandbox: createSandboxClient(dev.sandboxUrl),
  };
}
