import { WebSocket } from 'ws';
import { type ClientFrame, FEED_PROTOCOL, parseServerFrame, type ServerFrame } from './feed-frames';
import type { FeedCounts, FeedItem, Mark } from './feed-item';

/** How an attempt to mark items ended: `disconnected` when nobody knows. */
export type MarkOutcome = { type: 'marked'; changed: number } | { type: 'disconnected' };

/** Why a connection ended: a close code of WebSocket, and what the service or the network said. */
export interface ConnectionEnd {
  code: number;
  detail: string;
}

export interface FeedConnectionOptions {
  url: string;
  token: string;
  /** What came after it is asked for. */
  cursor: string;
  renewToken: () => Promise<string>;
  onWelcome: (counts: FeedCounts, cursor: string) => void;
  /** Keeps the items; when it returns they are acknowledged. */
  onItems: (items: readonly FeedItem[], cursor: string, counts: FeedCounts) => void;
  /** Called once, whoever ended it. */
  onEnd: (end: ConnectionEnd) => void;
}

const WELCOME_TIMEOUT_MS = 10_000;
const MARK_TIMEOUT_MS = 10_000;
/** A service that has missed two of its own pings is gone, whatever TCP believes. */
const PINGS_TO_MISS = 2.5;
/** A token is renewed when this much of its life is over; a renewal that fails is tried again in what is left. */
const RENEW_AFTER = 0.8;
const LEAST_RENEWAL_MS = 1000;
const MOST_TIMER_MS = 2 ** 31 - 1;
/** An ack speaks for everything before it: a flood of items needs no flood of acks, which the service would refuse. */
const ACK_PAUSE_MS = 200;

/** One socket to the realtime service, from its hello to its end. */
export class FeedConnection {
  private readonly socket: WebSocket;
  private readonly marks = new Map<string, (outcome: MarkOutcome) => void>();
  private refs = 0;
  private detail = '';
  private silence: NodeJS.Timeout;
  private silenceMs = WELCOME_TIMEOUT_MS;
  private renewal: NodeJS.Timeout | undefined;
  private ackPause: NodeJS.Timeout | undefined;
  private unacknowledged: string | undefined;

  constructor(private readonly options: FeedConnectionOptions) {
    this.socket = new WebSocket(options.url, FEED_PROTOCOL, { handshakeTimeout: WELCOME_TIMEOUT_MS });
    this.silence = this.listenUntil(WELCOME_TIMEOUT_MS);
    const { token, cursor } = options;
    this.socket.on('open', () => this.send({ type: 'hello', token, cursor }));
    this.socket.on('ping', () => this.heard());
    this.socket.on('message', (data) => this.read(data.toString()));
    this.socket.on('error', (error) => {
      this.detail ||= error.message;
    });
    this.socket.on('close', (code) => this.ended(code));
  }

  /** Marks items; the outcome comes within ten seconds. */
  mark(ids: readonly string[], as: Mark): Promise<MarkOutcome> {
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.resolve({ type: 'disconnected' });
    this.refs += 1;
    const ref = String(this.refs);
    return new Promise((resolve) => {
      const timeout = setTimeout(() => settle({ type: 'disconnected' }), MARK_TIMEOUT_MS);
      const settle = (outcome: MarkOutcome): void => {
        clearTimeout(timeout);
        this.marks.delete(ref);
        resolve(outcome);
      };
      this.marks.set(ref, settle);
      this.send({ type: 'mark', ids, as, ref });
    });
  }

  close(): void {
    this.socket.close(1000);
    // The goodbye need not be answered.
    this.socket.terminate();
  }

  private read(text: string): void {
    const frame = parseServerFrame(text);
    if (frame === undefined) return;
    if (frame.type === 'welcome') this.silenceMs = frame.pingSeconds * PINGS_TO_MISS * 1000;
    this.heard();
    this.take(frame);
  }

  private take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.renewBefore(frame.expiresAt);
        this.options.onWelcome(frame.counts, frame.cursor);
        break;
      case 'items':
        this.options.onItems(frame.items, frame.cursor, frame.counts);
        this.acknowledge(frame.cursor);
        break;
      case 'marked':
        this.marks.get(frame.ref ?? '')?.({ type: 'marked', changed: frame.changed });
        break;
      case 'token':
        this.renewBefore(frame.expiresAt);
        break;
      case 'error':
        this.detail = `${frame.code}: ${frame.detail}`;
    }
  }

  /** At once, and then no sooner than the pause is over. */
  private acknowledge(cursor: string): void {
    if (this.ackPause !== undefined) {
      this.unacknowledged = cursor;
      return;
    }
    this.send({ type: 'ack', cursor });
    this.ackPause = setTimeout(() => {
      this.ackPause = undefined;
      const waiting = this.unacknowledged;
      this.unacknowledged = undefined;
      if (waiting !== undefined) this.acknowledge(waiting);
    }, ACK_PAUSE_MS);
  }

  private renewBefore(expiresAt: string): void {
    clearTimeout(this.renewal);
    const left = Date.parse(expiresAt) - Date.now();
    const delay = Math.min(Math.max(LEAST_RENEWAL_MS, left * RENEW_AFTER), MOST_TIMER_MS);
    this.renewal = setTimeout(() => {
      this.options.renewToken().then(
        (token) => this.send({ type: 'token', token }),
        () => this.renewBefore(expiresAt),
      );
    }, delay);
  }

  private heard(): void {
    clearTimeout(this.silence);
    if (this.socket.readyState === WebSocket.OPEN) this.silence = this.listenUntil(this.silenceMs);
  }

  private listenUntil(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.detail ||= 'the service was silent';
      this.socket.terminate();
    }, ms);
  }

  private send(frame: ClientFrame): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  private ended(code: number): void {
    clearTimeout(this.silence);
    clearTimeout(this.renewal);
    clearTimeout(this.ackPause);
    for (const settle of [...this.marks.values()]) settle({ type: 'disconnected' });
    this.options.onEnd({ code, detail: this.detail });
  }
}
