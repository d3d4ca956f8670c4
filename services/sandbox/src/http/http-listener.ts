import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Longer than common clients keep an idle connection, so that they never send into one that is closing. */
const KEEP_ALIVE_MS = 75_000;

/** Listens for HTTP on `host`; port 0 takes a free one. Fails with the listening error when the port is taken. */
export async function listenHttp(listener: RequestListener, host: string, port: number): Promise<Server> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

/** Ends every connection, also those that hang because they were told to. */
export async function stopHttp(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;
