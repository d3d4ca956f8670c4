import { type Exchange, type ExchangeRequest } from '../http/exchange';
import { ApnsConnection, type Http2Target } from './apns-connection';
import { NOT_TAKEN_BY_GOAWAY } from './stream-exchange';

export interface ApnsPoolOptions extends Http2Target {
  /** Connections at most, those that are closing left out. */
  maxConnections: number;
}

interface Waiting {
  /** Takes a connection, or the code of what keeps it from one. */
  go(found: { connection: ApnsConnection } | { code: string }): void;
}

/** The code of a request that no connection took because the pool was closed. */
export const POOL_CLOSED = 'CLOSED';

/**
 * The connections to one server. There is one, kept for all requests, as Apple wants it; another is opened only when that
 * has as many streams as the server allows. One that the server or the network ends is replaced with the next request.
 */
export class ApnsPool {
  private readonly connections = new Set<ApnsConnection>();
  private readonly waiting = new Set<Waiting>();
  private opening = false;
  private closed = false;

  constructor(private readonly options: ApnsPoolOptions) {}

  /**
   * POSTs once; always resolves. A request that a closing connection did not look at goes over another one: servers close
   * connections as a matter of course.
   */
  async post(request: ExchangeRequest): Promise<Exchange> {
    const exchange = await this.tryOnce(request);
    const left = exchange.kind === 'failed' && exchange.code === NOT_TAKEN_BY_GOAWAY;
    return left ? this.tryOnce(request) : exchange;
  }

  /** Lets what was sent be answered; what waits for a connection fails. */
  close(): void {
    this.closed = true;
    this.refuse(POOL_CLOSED);
    for (const connection of this.connections) connection.close();
  }

  private tryOnce(request: ExchangeRequest): Promise<Exchange> {
    const { signal } = request;
    if (signal.aborted) return Promise.resolve(notSent('ABORTED'));
    if (this.closed) return Promise.resolve(notSent(POOL_CLOSED));
    return new Promise((resolve) => {
      const onAbort = () => waiting.go({ code: 'ABORTED' });
      const waiting: Waiting = {
        go: (found) => {
          this.waiting.delete(waiting);
          signal.removeEventListener('abort', onAbort);
          resolve('connection' in found ? found.connection.post(request) : notSent(found.code));
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.add(waiting);
      this.serve();
    });
  }

  /** Gives connections to those who wait, the first one first, and opens another one for the rest. */
  private serve(): void {
    for (const { go } of this.waiting) {
      const connection = [...this.connections].find(({ hasRoom }) => hasRoom);
      if (!connection) break;
      go({ connection });
    }
    const full = [...this.connections].every(({ hasAnswered }) => hasAnswered);
    const mayOpen = !this.opening && this.connections.size < this.options.maxConnections;
    if (this.waiting.size > 0 && full && mayOpen) void this.open();
  }

  private async open(): Promise<void> {
    this.opening = true;
    try {
      const connection = await ApnsConnection.open(this.options, {
        onRoom: () => this.serve(),
        onLeaving: (leaving) => this.forget(leaving),
      });
      this.opening = false;
      this.connections.add(connection);
      if (this.closed || connection.leaving) connection.close();
      else this.serve();
    } catch (error) {
      this.opening = false;
      // Those that wait for room on a connection that works may get it.
      if (this.connections.size > 0) return;
      this.refuse((error as NodeJS.ErrnoException).code ?? 'unknown');
    }
  }

  private forget(connection: ApnsConnection): void {
    if (!this.connections.delete(connection)) return;
    if (connection.hasAnswered) this.serve();
    // A server that takes connections and lets them go must not be asked again and again.
    else if (this.connections.size === 0) this.refuse('ECONNRESET');
  }

  private refuse(code: string): void {
    for (const { go } of this.waiting) go({ code });
  }
}

const notSent = (code: string): Exchange => ({ kind: 'failed', sent: false, code });
