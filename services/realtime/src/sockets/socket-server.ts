import { type IncomingMessage } from 'node:http';
import { type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FEED_SOCKET_PATH, FEED_SOCKET_PROTOCOL, LIMITS } from '@herald/contracts';
import { overloaded, ProblemError, type UpgradeListener } from '@herald/platform';
import { WebSocketServer } from 'ws';
import { type SocketsConfig } from '../config';
import { CLOSE } from './close-code';
import { FeedSocket, type FeedSocketDeps, type SocketState } from './feed-socket';
import { refuseUpgrade } from './refuse-upgrade';

export interface SocketServerDeps extends Omit<FeedSocketDeps, 'onClosed'> {
  config: SocketsConfig;
}

/** How long a client may take to answer a close. */
const CLOSE_TIMEOUT_MS = 5000;
const OPTIONS = {
  noServer: true,
  clientTracking: false,
  // Compression costs some 300 kB for each socket.
  perMessageDeflate: false,
  maxPayload: LIMITS.feedSocketMessageBytes,
  maxFragments: 64,
  maxBufferedChunks: 256,
  closeTimeout: CLOSE_TIMEOUT_MS,
  handleProtocols: () => FEED_SOCKET_PROTOCOL,
};
const DRAIN_STEP_MS = 50;
/** With few sockets stopping takes no longer than this for each. */
const DRAIN_MS_PER_SOCKET = 10;

/** The sockets of this process: takes them in, ticks them, and sends them away when it stops. */
export class SocketServer {
  private readonly sockets = new Set<FeedSocket>();
  private readonly server = new WebSocketServer(OPTIONS);
  private readonly socketDeps: FeedSocketDeps;
  private stopping = false;

  constructor(private readonly deps: SocketServerDeps) {
    // One object for all sockets.
    this.socketDeps = { ...deps, onClosed: (socket) => this.sockets.delete(socket) };
    this.server.on('wsClientError', (error, socket) => {
      deps.metrics.refused.inc({ reason: 'bad_request' });
      refuseUpgrade(socket, new ProblemError('bad-request', error.message));
    });
  }

  /** Takes over connections that ask for a socket. */
  readonly upgrade: UpgradeListener = (req, socket, head) => {
    const refusal = this.refusalOf(req);
    if (refusal) {
      this.deps.metrics.refused.inc({ reason: refusal.reason });
      refuseUpgrade(socket, refusal.error);
      return;
    }
    this.server.handleUpgrade(req, socket as Socket, head, (ws) => {
      this.sockets.add(new FeedSocket(ws, this.socketDeps));
    });
  };

  get size(): number {
    return this.sockets.size;
  }

  /** To be called about once a second. */
  tick(now: number): void {
    const count: Record<SocketState, number> = { waiting: 0, opening: 0, open: 0, closed: 0 };
    for (const socket of this.sockets) {
      socket.tick(now);
      count[socket.state] += 1;
    }
    const { sockets } = this.deps.metrics;
    sockets.set({ state: 'open' }, count.open);
    sockets.set({ state: 'waiting' }, count.waiting + count.opening);
  }

  /** Closes the sockets of a tenant that was disabled. */
  closeTenant(tenantId: string): void {
    for (const socket of this.sockets) {
      if (socket.feed?.tenantId === tenantId)
        socket.close(CLOSE.unauthorized, 'unauthorized', 'The tenant of the token is disabled.');
    }
  }

  /** Takes in no more and closes all, one after the other so that they do not all come back at once; then cuts the rest. */
  async drain(deadlineMs: number): Promise<void> {
    this.stopping = true;
    const until = performance.now() + deadlineMs;
    const leaving = [...this.sockets];
    const spreadMs = Math.min(this.deps.config.drainMs, deadlineMs / 2, leaving.length * DRAIN_MS_PER_SOCKET);
    const perStep = Math.ceil(leaving.length / Math.max(1, spreadMs / DRAIN_STEP_MS));
    for (let n = 0; n < leaving.length; n += perStep) {
      for (const socket of leaving.slice(n, n + perStep)) {
        socket.close(CLOSE.restarting, 'restarting', 'The service restarts: connect again.');
      }
      if (n + perStep < leaving.length) await sleep(DRAIN_STEP_MS);
    }
    while (this.sockets.size > 0 && performance.now() < until) await sleep(DRAIN_STEP_MS);
    for (const socket of this.sockets) socket.terminate();
  }

  private refusalOf(req: IncomingMessage): { reason: string; error: ProblemError } | undefined {
    const refuse = (error: ProblemError, reason = 'bad_request') => ({ reason, error });
    if (pathOf(req) !== FEED_SOCKET_PATH) return refuse(new ProblemError('not-found'));
    if (req.headers.upgrade?.toLowerCase() !== 'websocket')
      return refuse(new ProblemError('bad-request', 'The only protocol to upgrade to is websocket.'));
    const offered = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(FEED_SOCKET_PROTOCOL))
      return refuse(
        new ProblemError('bad-request', `Sec-WebSocket-Protocol must offer ${FEED_SOCKET_PROTOCOL}.`),
      );
    if (this.stopping) return refuse(overloaded(), 'stopping');
    if (this.sockets.size >= this.deps.config.maxSockets) return refuse(overloaded(), 'full');
    return undefined;
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] as string;
}
