import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface UntilOptions {
  /** Default 10,000. */
  timeoutMs?: number;
  /** Pause between two tries; default 20. */
  everyMs?: number;
  /** What is waited for, for the error. */
  what?: string;
}

type NotYet = false | undefined | null;

/**
 * Asks until the answer is something other than false, undefined or null, and gives that answer. A condition
 * that throws is asked again. After the time-out it throws, with the last answer or the last error as its cause.
 */
export async function until<T>(
  condition: () => T | NotYet | Promise<T | NotYet>,
  { timeoutMs = 10_000, everyMs = 20, what = 'the condition' }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const tried = await attempt(condition);
    if ('answer' in tried && tried.answer !== false && tried.answer !== undefined && tried.answer !== null) {
      return tried.answer;
    }
    if (performance.now() >= deadline) {
      const last = 'answer' in tried ? `last answer: ${inspect(tried.answer)}` : `last error: ${tried.error}`;
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what} (${last}).`, {
        cause: 'error' in tried ? tried.error : undefined,
      });
    }
    await sleep(everyMs);
  }
}

async function attempt<T>(
  condition: () => T | NotYet | Promise<T | NotYet>,
): Promise<{ answer: T | NotYet } | { error: unknown }> {
  try {
    return { answer: await condition() };
  } catch (error) {
    return { error };
  }
}
