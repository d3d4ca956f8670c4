import net from 'node:net';
import { EmbeddedServerError } from './embedded-server';

const ATTEMPTS = 3;

/** A TCP port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const port = await listenBriefly(0);
  if (port === undefined) throw new EmbeddedServerError('failed', 'No free port on 127.0.0.1.');
  return port;
}

/**
 * Runs `start` on the wanted port, or on a free one when none is wanted.
 * Between finding a free port and listening on it another process may take it: then the next one is tried.
 */
export async function onPort<T>(wanted: number | undefined, start: (port: number) => Promise<T>): Promise<T> {
  if (wanted !== undefined) {
    if ((await listenBriefly(wanted)) === undefined) {
      throw new EmbeddedServerError(
        'port-taken',
        `Port ${wanted} on 127.0.0.1 cannot be used (taken, or not allowed). Choose another one.`,
      );
    }
    return start(wanted);
  }
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return await start(port);
    } catch (error) {
      const snatched = (await listenBriefly(port)) === undefined;
      if (!snatched || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The port that could be listened on (the wanted one, or any for 0), or undefined. */
function listenBriefly(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as net.AddressInfo;
      server.close(() => resolve(address.port));
    });
  });
}
