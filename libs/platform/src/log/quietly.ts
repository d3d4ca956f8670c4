import { type Logger } from './create-logger';

const EVERY_MS = 10_000;

/**
 * A listener for the errors of clients that try again by themselves, several times a second and each for itself: one
 * warning in ten seconds says it, and how many there were meanwhile.
 */
export function quietly(logger: Logger, message: string): (error: Error) => void {
  let nextAt = 0;
  let suppressed = 0;
  return (error) => {
    const now = Date.now();
    if (now < nextAt) {
      suppressed += 1;
      return;
    }
    logger.warn({ err: error, suppressed }, message);
    nextAt = now + EVERY_MS;
    suppressed = 0;
  };
}
