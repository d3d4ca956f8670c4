import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Longest wait for the locks of one change of partitions, in milliseconds. Whatever wants the table meanwhile queues
 * behind it, so this is also about the longest that writers stand still for it.
 */
export const LOCK_WAIT_MS = 50;

/** lock_not_available; check_violation: a row of the day came to the default partition at this very moment. */
const AGAIN = new Set(['55P03', '23514']);
const TRIES = 12;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3000;

/**
 * Runs a change of partitions until its locks were free. The pauses grow, so that a reader who keeps a table for long (a
 * backup) does not make writers stand still again and again. Gives `busy` after about 20 seconds.
 */
export async function whenFree<T>(change: () => Promise<T>, signal?: AbortSignal): Promise<T | 'busy'> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      if (!AGAIN.has((error as { code?: string }).code ?? '')) throw error;
    }
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    await sleep(pauseMs * (0.5 + Math.random()), undefined, { signal });
  }
  return 'busy';
}
