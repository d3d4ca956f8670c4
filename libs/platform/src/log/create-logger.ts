import pino, { type DestinationStream, type Logger } from 'pino';
import { prettyStream } from './pretty-stream';
import { serializeError } from './serialize-error';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  service: string;
  level: LogLevel;
  /** Lines for a terminal instead of JSON. */
  pretty?: boolean;
  /** Instead of standard output. */
  destination?: DestinationStream;
}

/**
 * A net under the rule that secrets are not logged. Whole paths only: with wildcards a line costs 16 us instead of 4.
 */
const REDACTED = [
  ...['authorization', 'cookie', 'password', 'secret', 'token', 'apiKey', 'credentials'],
  ...['headers.authorization', 'headers.cookie', 'req.headers.authorization', 'req.headers.cookie'],
];

/**
 * A logger that writes JSON lines without blocking the event loop; what is buffered is flushed when the process exits,
 * or by `flushLogger`.
 */
export function createLogger({ service, level, pretty = false, destination }: LoggerOptions): Logger {
  // minLength 1 writes as soon as the last write is done, as 0 would, but only with it does flush() wait.
  const target = destination ?? pino.destination({ sync: false, minLength: 1 });
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serializeError, error: serializeError },
      redact: { paths: REDACTED, censor: '[redacted]' },
    },
    pretty ? prettyStream(target) : target,
  );
}

/** Waits until everything logged so far is written. */
export function flushLogger(logger: Logger): Promise<void> {
  return new Promise((resolve) => logger.flush(() => resolve()));
}
