import { createServer } from 'node:net';
import { freePort } from '@herald/embedded';

/** The ports of a standalone Herald. */
export interface Ports {
  api: number;
  admin: number;
  edge: number;
  sandbox: number;
  smtp: number;
  apns: number;
}

const STEP = 10;
const TRIES = 50;

/**
 * The API's port and the five after it. A port that was asked for is used as it is, and a start fails if it is taken;
 * the default moves on to the next free block.
 */
export async function choosePorts(port: number, given: boolean): Promise<Ports> {
  for (let base = port; base < port + STEP * TRIES; base += STEP) {
    const ports = {
      api: base,
      admin: base + 1,
      edge: base + 2,
      sandbox: base + 3,
      smtp: base + 4,
      apns: base + 5,
    };
    if (given || (await allFree(Object.values(ports)))) return given ? freeFollowers(ports) : ports;
  }
  throw new Error(`No free ports from ${port} on; choose one with --port`);
}

/**
 * Only the API's port was asked for: where a follower is taken, any free port will do. Not 0: the edge has to know its
 * own URL before it listens, because receipts are signed with it.
 */
async function freeFollowers(ports: Ports): Promise<Ports> {
  const { api, ...followers } = ports;
  const entries = await Promise.all(
    Object.entries(followers).map(
      async ([name, port]) => [name, (await isFree(port)) ? port : await freePort()] as const,
    ),
  );
  return { api, ...(Object.fromEntries(entries) as Omit<Ports, 'api'>) };
}

async function allFree(ports: number[]): Promise<boolean> {
  for (const port of ports) if (!(await isFree(port))) return false;
  return true;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
