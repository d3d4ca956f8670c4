import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { GuardedListener } from './guarded-listener';

/** Takes over the connection of a request that asks for another protocol; `head` is what came behind the request. */
export type UpgradeListener = (req: IncomingMessage, socket: Socket, head: Buffer) => void;

export interface HttpServerOptions {
  handler: RequestListener;
  /** Without one, requests to upgrade are answered as if they had not asked. */
  upgrade?: UpgradeListener;
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** The variable that sets the port, for the error when it is taken. */
  portVariable?: string;
  keepAliveTimeoutMs?: number;
  /** How long a client may take to send a whole request, and its headers: what stops slow-loris attacks. */
  requestTimeoutMs?: number;
  headersTimeoutMs?: number;
  /** How long a connection may be silent while a request or its answer is under way. */
  idleTimeoutMs?: number;
  /** More are closed at once. */
  maxConnections?: number;
}

export interface HttpServer {
  /** Where to reach it from this machine. */
  url: string;
  port: number;
  /** Stops accepting and waits for running requests and upgraded connections, at most this long; then cuts what is left. */
  close(deadlineMs: number): Promise<void>;
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::', '']);
const LISTEN_ERRORS: Record<string, string> = {
  EADDRINUSE: 'is taken',
  EACCES: 'may not be used by this user',
  EADDRNOTAVAIL: 'cannot be used: this machine does not have the address',
};

/** Starts listening. @throws Error that names the port and its variable when it cannot be had */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { keepAliveTimeoutMs = 65_000, requestTimeoutMs = 30_000, headersTimeoutMs = 10_000 } = options;
  const { idleTimeoutMs = 120_000, maxConnections = 10_000 } = options;
  const headersTimeout = Math.min(headersTimeoutMs, requestTimeoutMs);
  const guarded = new GuardedListener(options.handler);
  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      requestTimeout: requestTimeoutMs,
      headersTimeout,
      // Node looks for late requests every 30 s by default, which would make shorter limits idle talk.
      connectionsCheckingInterval: Math.max(50, Math.min(5000, headersTimeout / 2)),
      // Node's own refusal has no body; `listener` answers with a problem instead.
      requireHostHeader: false,
    },
    guarded.listener,
  );
  // Or a client that asks for much and reads nothing would hold its connection, and what is buffered for it, for ever.
  server.timeout = idleTimeoutMs;
  server.maxConnections = maxConnections;
  // RFC 9110 lets a server ignore an expectation that it does not know; Node would answer 417 without a body.
  server.on('checkExpectation', guarded.listener);
  server.on('clientError', (error, socket) => guarded.refuse(error, socket as Socket));
  const upgraded = new Set<Socket>();
  if (options.upgrade) acceptUpgrades(server, options.upgrade, upgraded);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${hostInUrl(options.host)}:${port}`,
    close: (deadlineMs) => close(server, guarded, upgraded, deadlineMs),
  };
}

/** Node forgets connections that it has handed over, and still waits for them when it closes: so they are kept here. */
function acceptUpgrades(server: Server, upgrade: UpgradeListener, upgraded: Set<Socket>): void {
  server.on('upgrade', (req, duplex, head) => {
    const socket = duplex as Socket;
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    upgrade(req, socket, head);
  });
}

/**
 * Connections that may wait to be accepted. With Node's 511 a thousand clients that come at once after a deployment find
 * it full, and their first request waits for TCP to repeat it: up to 8 s were measured.
 */
const BACKLOG = 4096;

function listen(server: Server, { host, port, portVariable = 'PORT' }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const reason = LISTEN_ERRORS[error.code ?? ''];
      const message = `Port ${port} on ${host} ${reason}: set ${portVariable} to another port, or stop what uses it`;
      reject(reason ? Object.assign(new Error(message, { cause: error }), { code: error.code }) : error);
    };
    server.once('error', onError);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

/** How often connections that became idle are looked for while stopping. */
const SWEEP_MS = 50;

function close(
  server: Server,
  guarded: GuardedListener,
  upgraded: ReadonlySet<Socket>,
  deadlineMs: number,
): Promise<void> {
  guarded.stop();
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const deadline = setTimeout(() => {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    }, deadlineMs);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function hostInUrl(host: string): string {
  if (ANY_ADDRESS.has(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
