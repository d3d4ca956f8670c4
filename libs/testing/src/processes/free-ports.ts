import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range that systems take for outgoing connections, so that none of those can snatch a port between a stop and
 * the next start. Each Jest worker looks in a part of its own.
 */
const FIRST = 20_000;
const PER_WORKER = 1000;
const WORKERS = 12;

/** The first of `count` ports in a row on 127.0.0.1 that nobody listens on. */
export async function freePorts(count: number): Promise<number> {
  const base = FIRST + (Number(process.env.JEST_WORKER_ID ?? '1') % WORKERS) * PER_WORKER;
  for (let tries = 0; tries < PER_WORKER; tries += 1) {
    const port = base + randomInt(PER_WORKER - count);
    if (await allFree(port, count)) return port;
  }
  throw new Error(`No ${count} free ports in a row from ${base} on`);
}

async function allFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port += 1) if (!(await isFree(port))) return false;
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
