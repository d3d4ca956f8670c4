import { type Logger } from '../log/create-logger';
import { isUnavailable } from '../net/unavailable';

export interface BackgroundTask {
  /** Starts no further turn, aborts the signal of the running one, and waits for it. */
  stop(): Promise<void>;
}

export interface BackgroundTaskOptions {
  logger: Logger;
  /** Share of the pause that is drawn at random, 0 to 1, so that replicas do not beat together. */
  jitter?: number;
}

/**
 * Runs `turn` again and again, the first time at once, with a pause of `everyMs` after each: turns never overlap. A
 * turn that fails is logged, and the next one runs all the same.
 */
export function backgroundTask(
  name: string,
  everyMs: number,
  turn: (signal: AbortSignal) => Promise<void>,
  { logger, jitter = 0.1 }: BackgroundTaskOptions,
): BackgroundTask {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async () => {
    while (!signal.aborted) {
      try {
        await turn(signal);
      } catch (error) {
        // A turn that gives up because it was told to has not failed.
        if (signal.aborted) continue;
        // Something else is down: it says so itself, and the next turn may find it up again.
        if (isUnavailable(error)) logger.warn({ err: error, task: name }, 'background task could not run');
        else logger.error({ err: error, task: name }, 'background task failed');
      }
      await pause(everyMs * (1 - jitter * Math.random()), signal);
    }
  };
  const done = loop();
  return {
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}
