import { type ClientHttp2Session, connect } from 'node:http2';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Exchange, type ExchangeRequest } from '../http/exchange';
import { StreamExchange } from './stream-exchange';

/** Where a connection goes. */
export interface Http2Target {
  /** `http:` is HTTP/2 in clear text, with prior knowledge. */
  url: URL;
  /** Opens the TCP connection. */
  openSocket(): Promise<Socket>;
  /** For a connection until the other side's SETTINGS are there, and for the answer to a ping; in milliseconds. */
  timeoutMs: number;
  /** How often a connection is tried by a ping, in milliseconds. */
  pingEveryMs: number;
}

/** What the owner of a connection wants to hear. */
export interface ConnectionEvents {
  /** It may have room for another stream. */
  onRoom(): void;
  /** It takes no more requests: those it has may still be answered. */
  onLeaving(connection: ApnsConnection): void;
}

/** One HTTP/2 connection, for many requests at a time. */
export class ApnsConnection {
  private active = 0;
  private answered = false;
  /** By a GOAWAY: what came later was not looked at. */
  private lastProcessed = Infinity;
  private pinging = false;
  /** A request got no answer, and no ping did since: perhaps nobody is there. */
  private suspect = false;
  private readonly pings: NodeJS.Timeout;

  private constructor(
    private readonly session: ClientHttp2Session,
    private readonly target: Http2Target,
    private readonly events: ConnectionEvents,
  ) {
    session.on('goaway', (_code, lastStreamId) => {
      this.lastProcessed = Math.min(this.lastProcessed, lastStreamId);
      this.close();
    });
    session.on('close', () => this.close());
    session.on('remoteSettings', () => events.onRoom());
    this.pings = setInterval(() => this.ping(), target.pingEveryMs).unref();
  }

  /**
   * Connects, and waits for the other side's settings: before them nobody knows how many streams it takes.
   * @throws Error with a code, as the network gives them; `ETIMEDOUT` when it takes too long
   */
  static async open(target: Http2Target, events: ConnectionEvents): Promise<ApnsConnection> {
    return new ApnsConnection(await openSession(target), target, events);
  }

  /** Whether the other side has ever answered a request. Before that APNs may allow but one stream. */
  get hasAnswered(): boolean {
    return this.answered;
  }

  get hasRoom(): boolean {
    const { maxConcurrentStreams = Infinity } = this.session.remoteSettings;
    return !this.leaving && !this.suspect && this.active < maxConcurrentStreams;
  }

  get leaving(): boolean {
    return this.session.closed || this.session.destroyed;
  }

  /** Sends a request; call it only when there is room. Always resolves. */
  async post(request: ExchangeRequest): Promise<Exchange> {
    const { url, headers, body } = request;
    const stream = this.session.request({ ':method': 'POST', ':path': url.pathname, ...headers });
    this.active += 1;
    stream.once('close', () => {
      this.active -= 1;
      this.events.onRoom();
    });
    const exchange = new StreamExchange(stream, request, () => this.lastProcessed);
    stream.end(body);
    const outcome = await exchange.outcome;
    this.answered ||= outcome.kind === 'answered';
    if (outcome.kind === 'failed' && outcome.code === 'ETIMEDOUT') {
      this.suspect = true;
      this.ping();
    }
    return outcome;
  }

  /** Lets what runs end, and then the connection. */
  close(): void {
    clearInterval(this.pings);
    if (!this.leaving) this.session.close();
    this.events.onLeaving(this);
  }

  /** Ends the connection when nobody answers: what runs on it fails. */
  private ping(): void {
    if (this.pinging || this.session.destroyed) return;
    this.pinging = true;
    const timer = setTimeout(() => this.session.destroy(timeout()), this.target.timeoutMs);
    this.session.ping(() => {
      clearTimeout(timer);
      this.pinging = false;
      this.suspect = false;
      this.events.onRoom();
    });
  }
}

const timeout = () => Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });

async function openSession(target: Http2Target): Promise<ClientHttp2Session> {
  const { url, timeoutMs } = target;
  const started = performance.now();
  const socket = await socketWithin(target);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const servername = isIP(host) ? '' : host;
  const session = connect(url.origin, {
    createConnection: () =>
      url.protocol === 'https:'
        ? connectTls({ socket, host, servername, ALPNProtocols: ['h2'], minVersion: 'TLSv1.2' })
        : socket,
    settings: { enablePush: false },
  });
  return new Promise((resolve, reject) => {
    const left = Math.max(1, timeoutMs - (performance.now() - started));
    const timer = setTimeout(() => session.destroy(timeout()), left);
    session.once('remoteSettings', () => {
      clearTimeout(timer);
      resolve(session);
    });
    // Also for later: streams and the end of the session tell what became of it.
    session.on('error', reject);
    session.once('close', () => {
      clearTimeout(timer);
      reject(Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' }));
    });
  });
}

function socketWithin({ openSocket, timeoutMs }: Http2Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(timeout());
    }, timeoutMs);
    openSocket()
      .then((socket) => {
        if (late) socket.destroy();
        resolve(socket);
      }, reject)
      .finally(() => clearTimeout(timer));
  });
}
