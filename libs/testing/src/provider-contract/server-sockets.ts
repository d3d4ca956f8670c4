import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** The open connections of a server. */
export interface ServerSockets {
  count(): number;
  destroyAll(): void;
}

/** Keeps count of a server's connections. */
export function trackSockets(server: Server): ServerSockets {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // A client that goes away in the middle is part of the tests.
    socket.on('error', () => undefined);
  });
  return {
    count: () => open.size,
    destroyAll: () => {
      for (const socket of open) socket.destroy();
    },
  };
}

/** Listens on a free port of the loopback interface and returns it. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** A port of the loopback interface on which nobody listens. */
export async function refusedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
