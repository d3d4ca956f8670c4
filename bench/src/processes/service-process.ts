import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@herald/embedded';

export interface ServiceProcess {
  name: string;
  pid: number;
  port: number;
  url: string;
  /** Rejects when the service ends without having been told to. */
  failed: Promise<never>;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** Folder below services/. */
  name: string;
  env: NodeJS.ProcessEnv;
  /** Folder for a CPU profile, written when the service ends. */
  profile?: string;
}

const SERVICES = path.resolve(__dirname, '../../../services');
const READY_MS = 30_000;
const STOP_MS = 15_000;

/** What the README recommends for services: the young generation of a busy service is larger than Node's default. */
const RECOMMENDED_FLAGS = ['--max-semi-space-size=64'];

/** Starts a service as it runs in production: its own process, configured by environment variables, warnings logged. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const port = await freePort();
  const env = {
    ...options.env,
    HOST: '127.0.0.1',
    PORT: String(port),
    LOG_LEVEL: 'warn',
    NODE_ENV: 'production',
  };
  const main = path.join(SERVICES, options.name, 'dist', 'main.js');
  // Its log goes to our standard error, so that standard output holds the figures alone.
  const child = spawn(process.execPath, [...profileFlags(options), ...RECOMMENDED_FLAGS, main], {
    env,
    detached: true,
    stdio: ['ignore', 2, 2],
  });
  // When we have to leave at once (a second Ctrl-C) it must not stay behind.
  process.once('exit', () => child.kill('SIGKILL'));
  const stop = stopper(child);
  return {
    name: options.name,
    pid: child.pid as number,
    port,
    url: `http://127.0.0.1:${port}`,
    failed: failure(child, options.name, stop),
    stop: stop.run,
  };
}

/** Resolves once the service is ready. @throws Error when it is not within 30 s */
export async function untilReady(service: ServiceProcess): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await isReady(service.url))) {
    if (performance.now() > deadline)
      throw new Error(`${service.name} was not ready after ${READY_MS / 1000} s`);
    await sleep(20);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function profileFlags({ name, profile }: ServiceOptions): string[] {
  if (!profile) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profile)}`, `--cpu-prof-name=${name}.cpuprofile`];
}

interface Stopper {
  asked: boolean;
  run(): Promise<void>;
}

function stopper(child: ChildProcess): Stopper {
  const stop: Stopper = {
    asked: false,
    run: async () => {
      stop.asked = true;
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(late);
    },
  };
  return stop;
}

function failure(child: ChildProcess, name: string, stop: Stopper): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${name} cannot be run: ${error.message}`)));
    child.once('exit', (code, signal) => {
      if (!stop.asked) reject(new Error(`${name} ended with ${code ?? signal}; its log is above`));
    });
  });
  failed.catch(() => undefined);
  return failed;
}
