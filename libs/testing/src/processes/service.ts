import path from 'node:path';
import { until } from '../until';
import { type Child, type Exit, endChild, type LogLine, startChild, tail } from './child';
import { type Client, createClient } from './client';

const SERVICES = path.resolve(__dirname, '../../../../services');
const READY_MS = 60_000;

/** A service as it runs in production: a process of its own, configured by environment variables. */
export interface Service {
  name: string;
  url: string;
  readonly child: Child;
  /** Without a key: for probes and metrics. */
  client: Client;
  /** Sends a signal and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Exit>;
  /** Starts it again where it was, after ending it in order if it runs, and waits until it is ready. */
  restart(): Promise<void>;
  untilReady(): Promise<void>;
  /** Errors in the log of this and earlier runs. */
  errors(): LogLine[];
  /** The log of this and earlier runs. */
  output(): string;
}

/** Starts a service on a port; `untilReady` waits for it. */
export function startService(name: string, port: number, env: Record<string, string>): Service {
  const main = path.join(SERVICES, name, 'dist', 'main.js');
  const start = () => startChild([main], { ...env, HOST: '127.0.0.1', PORT: String(port) });
  const url = `http://127.0.0.1:${port}`;
  const client = createClient(url);
  const runs = [start()];
  const current = () => runs.at(-1) as Child;
  const untilReady = async () => {
    const child = current();
    const ready = await until(
      async () => (child.isRunning() ? (await client.get('/readyz')).status === 200 : 'ended'),
      { timeoutMs: READY_MS, everyMs: 30, what: `${name} to be ready` },
    );
    if (ready === 'ended') throw new Error(`${name} ended instead of starting:\n${tail(child)}`);
  };
  return {
    name,
    url,
    get child() {
      return current();
    },
    client,
    signal: (signal) => current().kill(signal),
    end: (signal) => endChild(current(), signal),
    restart: async () => {
      if (current().isRunning()) await endChild(current(), 'SIGTERM');
      runs.push(start());
      await untilReady();
    },
    untilReady,
    errors: () => runs.flatMap((run) => run.errors()),
    output: () => runs.map((run) => run.output()).join('\n'),
  };
}
