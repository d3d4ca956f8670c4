import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface StandaloneOptions {
  /** The API's port; the others follow it. */
  port: number;
  /** Whether the port was asked for: then it is used or the start fails. */
  portGiven: boolean;
  dataDir: string;
  /** Forget everything that was stored before. */
  fresh: boolean;
}

const DEFAULT_PORT = 3000;

export const USAGE = `Usage: npm start -- [--port 3000] [--data-dir .herald] [--fresh]

  --port      port of the API; the admin API, the edge and the sandbox take the next ones
  --data-dir  where data stays between starts
  --fresh     forget what was stored before

Environment: PORT and HERALD_DATA_DIR do the same; DATABASE_URL and REDIS_URL use your own servers instead of the
embedded ones; every variable of docs/configuration.md works too.
`;

/** Wrong usage; the message says what is wrong. */
export class UsageError extends Error {}

/** Reads the command line, then the environment. @throws UsageError */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): StandaloneOptions {
  const given = parse(args);
  const port = given.port ?? env.PORT;
  return {
    port: port === undefined ? DEFAULT_PORT : parsePort(port),
    portGiven: port !== undefined,
    dataDir: resolve(given['data-dir'] ?? env.HERALD_DATA_DIR ?? '.herald'),
    fresh: given.fresh ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { port: { type: 'string' }, 'data-dir': { type: 'string' }, fresh: { type: 'boolean' } },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_500) return port;
  throw new UsageError(`--port: got "${text}", wants a number from 1 to 65500`);
}
