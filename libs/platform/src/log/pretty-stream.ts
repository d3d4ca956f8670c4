import { type DestinationStream } from 'pino';

const COLOURS: Record<string, string> = {
  fatal: '\u001b[41m',
  error: '\u001b[31m',
  warn: '\u001b[33m',
  info: '\u001b[32m',
  debug: '\u001b[36m',
  trace: '\u001b[90m',
};
const DIM = '\u001b[90m';
const RESET = '\u001b[0m';

/** Turns JSON log lines into one readable line each, a stack below it, and passes them on. */
export function prettyStream(
  target: DestinationStream,
): DestinationStream & { flush(done: () => void): void } {
  return {
    write: (line) => target.write(`${prettyLine(line)}\n`),
    flush: (done) => {
      const { flush } = target as { flush?: (done: () => void) => void };
      if (flush) flush.call(target, done);
      else done();
    },
  };
}

function prettyLine(json: string): string {
  const { level, time, service, msg, err, ...rest } = JSON.parse(json);
  const clock = String(time).slice(11, 23);
  const head = `${DIM}${clock}${RESET} ${COLOURS[level] ?? ''}${String(level).padEnd(5)}${RESET} ${service}: ${msg ?? ''}`;
  const fields = Object.entries(rest).map(([key, value]) => ` ${DIM}${key}=${RESET}${show(value)}`);
  const stack = err ? `\n${err.stack ?? `${err.type}: ${err.message}`}` : '';
  return head + fields.join('') + stack;
}

function show(value: unknown): string {
  return typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value);
}
