import { StopList } from './stop-list';

/** A signal asked the measurement to end. */
export class Interrupted extends Error {}

/**
 * Starts what a measurement needs, uses it, and stops all of it in the end: also when `start` fails halfway and after
 * SIGINT, SIGTERM or SIGHUP. A second signal ends the process at once.
 * @throws Interrupted
 */
export async function startAndUse<S>(
  start: (stops: StopList) => Promise<S>,
  use: (started: S) => Promise<void>,
): Promise<void> {
  const interrupted = signals();
  const stops = new StopList();
  const starting = start(stops);
  try {
    const started = await Promise.race([starting, interrupted]);
    await Promise.race([use(started), interrupted]);
  } finally {
    // What is still being started can be stopped once it has started.
    await starting.catch(() => undefined);
    await stops.run();
  }
}

function signals(): Promise<never> {
  const interrupted = new Promise<never>((_resolve, reject) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        reject(new Interrupted(`Stopped by ${signal}`));
      });
    }
  });
  interrupted.catch(() => undefined);
  return interrupted;
}
