import { isError } from '@herald/platform';

const FIRST_PAUSE_MS = 1000;
const GROWTH = 4;
const LAST_PAUSE_MS = 3_600_000;
/** With the pauses above: about six hours. */
const MAX_TRIES = 12;
/**
 * Who takes a callback counts the try before it begins, so the tries of a callback that ends the process are counted too.
 * So are those of processes that ended for other reasons: hence more.
 */
const MAX_TAKES = 40;

/** What comes after the nth try failed: a pause before the next, or undefined when there is none. */
export function pauseAfterFailure(tries: number): number | undefined {
  if (tries >= MAX_TRIES) return undefined;
  return Math.min(FIRST_PAUSE_MS * GROWTH ** (tries - 1), LAST_PAUSE_MS);
}

/** Whether a callback was taken so often, without a word of what became of it, that nobody should take it again. */
export function isAbandoned(tries: number): boolean {
  return tries > MAX_TAKES;
}

/** A code for an error: its own, or its name. Never its message, which may quote what was being read. */
export function errorCode(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^\w{1,64}$/.test(code)) return code;
  return isError(error) ? error.name.slice(0, 64) : 'unknown';
}
