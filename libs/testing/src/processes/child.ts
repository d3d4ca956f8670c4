import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { atExit } from './at-exit';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A program of ours, running as a process of its own. */
export interface Child {
  pid: number;
  /** Resolves when it ends. */
  exited: Promise<Exit>;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** What it wrote so far, both streams. */
  output(): string;
  /** The lines of its log (pino's JSON) of level `error` and worse. */
  errors(): LogLine[];
}

export interface LogLine {
  level: number | string;
  msg?: string;
  [field: string]: unknown;
}

const KEPT_LINES = 5000;
const GRAVE = new Set<number | string>([50, 60, 'error', 'fatal']);

/** Starts `node <args>` with no environment but what is given and what any program needs. */
export function startChild(args: readonly string[], env: Record<string, string>): Child {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, [...args], {
    env: { ...present({ PATH, HOME, TMPDIR }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
    });
  }
  const errors: LogLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const parsed = parseLine(line);
    if (parsed && GRAVE.has(parsed.level)) errors.push(parsed);
  });
  // A test run that is cut off must not leave its processes behind.
  const forget = atExit(() => child.kill('SIGKILL'));
  // `close` comes when the output has been read to its end too.
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    forget();
    return { code, signal };
  });
  return {
    pid: child.pid as number,
    exited,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: (signal) => void child.kill(signal),
    output: () => lines.join('\n'),
    errors: () => [...errors],
  };
}

/** Sends a signal and waits for the end. @throws Error with the last output when it does not come in time */
export async function endChild(child: Child, signal: NodeJS.Signals, timeoutMs = 15_000): Promise<Exit> {
  if (child.isRunning()) child.kill(signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  const exit = await Promise.race([child.exited, late]);
  clearTimeout(timer);
  if (exit !== 'late') return exit;
  child.kill('SIGKILL');
  throw new Error(`Process ${child.pid} did not end within ${timeoutMs} ms of ${signal}:\n${tail(child)}`);
}

/** The last lines of its output. */
export function tail(child: Child): string {
  return child.output().split('\n').slice(-30).join('\n');
}

function parseLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}

function present(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
