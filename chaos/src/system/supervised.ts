import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, tail, until } from '@herald/testing';

const RESTART_AFTER_MS = 500;
const UP_MS = 120_000;

/** A service that is started again whenever it ends, as an orchestrator would. */
export interface Supervised {
  /** Such as `worker-email 1`. */
  readonly name: string;
  readonly kind: string;
  readonly service: Service;
  /** Ends it as a crash would; it comes back by itself. */
  kill(): Promise<void>;
  /** Asks it to end and waits until it has; it comes back by itself. */
  end(): Promise<void>;
  /** Stops it in its tracks for so long. */
  freeze(ms: number): Promise<void>;
  untilUp(): Promise<void>;
  /** What it did that nobody asked for: it ended by itself, or not in order. */
  readonly surprises: readonly string[];
  /** Ends it for good. */
  stop(): Promise<void>;
}

/** Looks after a service that has been started and is ready. */
export function supervise(service: Service, index: number): Supervised {
  const name = `${service.name} ${index + 1}`;
  const surprises: string[] = [];
  const state = { up: true, asked: false, stopped: false };
  const watching = watch(service, state, (what) => surprises.push(`${name} ${what}`));
  const ask = (signal: NodeJS.Signals) => {
    const { child } = service;
    state.asked = true;
    child.kill(signal);
    return child.exited;
  };
  return {
    name,
    kind: service.name,
    service,
    surprises,
    kill: async () => void (await ask('SIGKILL')),
    end: async () => {
      const { code, signal } = await ask('SIGTERM');
      if (code !== 0) surprises.push(`${name} was asked to end and ended with ${code ?? signal}`);
    },
    freeze: async (ms) => {
      service.signal('SIGSTOP');
      await sleep(ms);
      service.signal('SIGCONT');
    },
    untilUp: async () => void (await until(() => state.up, { timeoutMs: UP_MS, what: `${name} to be up` })),
    stop: async () => {
      state.stopped = true;
      service.signal('SIGCONT');
      if (service.child.isRunning()) service.signal('SIGKILL');
      await watching;
    },
  };
}

async function watch(
  service: Service,
  state: { up: boolean; asked: boolean; stopped: boolean },
  surprise: (what: string) => void,
): Promise<void> {
  for (;;) {
    const { child } = service;
    const { code, signal } = await child.exited;
    // One that cannot start while Postgres is away says so and ends: that is no surprise.
    if (!state.stopped && !state.asked && state.up) {
      const errors = child.errors().map((line) => JSON.stringify(line));
      surprise(`ended by itself with ${code ?? signal}:\n${errors.join('\n') || tail(child)}`);
    }
    Object.assign(state, { up: false, asked: false });
    if (state.stopped) return;
    await sleep(RESTART_AFTER_MS);
    if (state.stopped) return;
    try {
      await service.restart();
      state.up = true;
    } catch {
      // It ended again, and is seen above.
    }
  }
}
