import { type FeedRef } from '@herald/db';
import { isUnavailable, type Logger } from '@herald/platform';
import { feedKeyOf } from '@herald/queue';
import { type WebSocket } from 'ws';
import { type RecipientDoor } from '../auth/recipient-door';
import { type SocketsConfig } from '../config';
import { type ConfirmBehind } from '../feed/confirm-behind';
import { type MarkResult } from '../feed/mark-items';
import { type RealtimeMetrics } from '../metrics';
import {
  AckMessage,
  type ClientMessage,
  HelloMessage,
  MarkMessage,
  parseClientMessage,
  type TokenMessage,
} from './client-message';
import { CLOSE, type CloseCode, closeLabel } from './close-code';
import { Connection } from './connection';
import { type FeedHub } from './feed-hub';
import { type FeedWatch, type News, type Subscriber } from './feed-watch';
import { MessageAllowance } from './message-allowance';
import { type ErrorCode, type ServerMessage } from './server-message';
import { type SocketLimits } from './socket-limits';
import { UnconfirmedItems } from './unconfirmed-items';

export interface FeedSocketDeps {
  door: RecipientDoor;
  hub: FeedHub;
  limits: SocketLimits;
  confirm: Pick<ConfirmBehind, 'add'>;
  /** Whether the recipient may ask for one more thing now. */
  admit(feed: FeedRef): Promise<boolean>;
  mark(feed: FeedRef, mark: MarkMessage): Promise<MarkResult>;
  config: Pick<
    SocketsConfig,
    'helloTimeoutMs' | 'messagesPerSecond' | 'pingMs' | 'slowBytes' | 'slowTimeoutMs'
  >;
  logger: Logger;
  metrics: RealtimeMetrics;
  /** A message could not be served since something is away; called for each. */
  onUnavailable(error: Error): void;
  onClosed(socket: FeedSocket): void;
}

/** `waiting` for the hello, `opening` while it is looked at. */
export type SocketState = 'waiting' | 'opening' | 'open' | 'closed';

const UNAVAILABLE = 'A part that Herald depends on is unavailable: try again.';
const BEHIND = 'Too many messages of this socket wait to be served: try again.';
const LIMITED = 'The recipient asks for too much, over HTTP and sockets together: try again.';

/** As many as may come at once by default: more wait only where Herald is slower than its client. */
const MAX_WAITING = 40;

/** One client's connection to one feed, from the hello to the close. */
export class FeedSocket implements Subscriber {
  state: SocketState = 'waiting';
  cursor = 0;
  phase: Subscriber['phase'] = 'idle';
  feed?: FeedRef;
  private key = '';
  private watch?: FeedWatch;
  /** Of the token, by `Date.now`. */
  private expiresAt = 0;
  private readonly connection: Connection;
  private readonly allowance: MessageAllowance;
  private readonly unconfirmed = new UnconfirmedItems();
  /** Messages that are being worked on, one after the other; undefined when there are none. */
  private work?: Promise<void>;
  /** How many those are. */
  private waiting = 0;

  constructor(
    ws: WebSocket,
    private readonly deps: FeedSocketDeps,
    private readonly openedAt = performance.now(),
  ) {
    this.allowance = new MessageAllowance(deps.config.messagesPerSecond, openedAt);
    const events = {
      onText: (text: string) => this.receive(text),
      onBinary: () => this.refuse('Messages must be text.'),
      onPing: () => void this.allowed(),
      onDrained: () => this.watch?.resume(this),
      onClosed: (code: number) => this.closed(code),
    };
    this.connection = new Connection(ws, deps.config, events, openedAt);
  }

  get canTake(): boolean {
    return this.state === 'open' && this.connection.canTake;
  }

  take({ rows, frame, cursor }: News): void {
    this.unconfirmed.add(rows);
    this.cursor = cursor;
    this.connection.sendFrame(frame);
    this.deps.metrics.sent.inc({ type: 'items' });
    if (this.connection.slowSince > 0) this.deps.metrics.slow.inc();
  }

  skipTo(cursor: number): void {
    this.cursor = cursor;
  }

  close(code: CloseCode, reason: ErrorCode, detail: string): void {
    if (!this.connection.isOpen) return;
    this.deps.metrics.sent.inc({ type: 'error' });
    this.connection.close(code, { code: reason, detail });
  }

  terminate(): void {
    this.connection.terminate();
  }

  /** Closes what is out of time. To be called about once a second. */
  tick(now: number): void {
    const { helloTimeoutMs, slowTimeoutMs } = this.deps.config;
    const { slowSince } = this.connection;
    if (this.state === 'waiting' && now >= this.openedAt + helloTimeoutMs)
      this.close(CLOSE.noHello, 'no_hello', 'No hello came in time.');
    else if (this.state === 'open' && Date.now() >= this.expiresAt)
      this.close(CLOSE.unauthorized, 'token_expired', 'The token has expired.');
    else if (slowSince > 0 && now >= slowSince + slowTimeoutMs)
      this.close(CLOSE.tooSlow, 'too_slow', 'What was sent was not read in time.');
    else this.connection.tick(now);
  }

  private receive(text: string): void {
    if (!this.allowed()) return;
    const parsed = parseClientMessage(text);
    if (parsed.ok) this.accept(parsed.message);
    else this.refuse(parsed.detail);
  }

  private accept(message: ClientMessage): void {
    this.deps.metrics.received.inc({ type: message.type });
    const isHello = message instanceof HelloMessage;
    if (this.state === 'waiting' && !isHello) this.refuse('The first message must be a hello.');
    else if (this.state !== 'waiting' && isHello) this.refuse('There is one hello, the first message.');
    else if (this.state === 'open' && message instanceof AckMessage) this.ack(message);
    // What comes while the hello is looked at waits behind it.
    else this.enqueue(message);
  }

  private enqueue(message: ClientMessage): void {
    if (this.waiting >= MAX_WAITING) {
      this.putOff(message, 'unavailable', BEHIND);
      return;
    }
    this.waiting += 1;
    const run = () => (this.connection.isOpen ? this.handle(message) : Promise.resolve());
    if (this.state === 'waiting') this.state = 'opening';
    const done = (this.work ?? Promise.resolve())
      .then(run)
      .catch((error) => this.failed(message, error))
      .then(() => {
        this.waiting -= 1;
        if (this.work === done) this.work = undefined;
      });
    this.work = done;
  }

  private handle(message: ClientMessage): Promise<void> {
    if (message instanceof HelloMessage) return this.open(message);
    if (message instanceof MarkMessage) return this.mark(message);
    if (message instanceof AckMessage) return Promise.resolve(this.ack(message));
    return this.renew(message);
  }

  private async open({ token, cursor }: HelloMessage): Promise<void> {
    const admission = await this.deps.door(token);
    if (!admission.ok) return this.turnAway(admission);
    if (!this.connection.isOpen || !this.takePlace(admission.feed)) return;
    const { hub, config } = this.deps;
    const watch = await hub.enter(this.key, admission.feed);
    // Closed meanwhile, nobody has left the watch yet.
    if (this.isClosed()) return hub.leave(watch, this);
    this.watch = watch;
    const { head, counts } = await hub.look(watch);
    if (!this.connection.isOpen) return;
    // Higher than the head is a cursor that is not of this feed, or of a time that the database forgot.
    this.cursor = cursor === undefined ? head : Math.min(Number(cursor), head);
    this.expiresAt = admission.expiresAt;
    this.state = 'open';
    const expiresAt = new Date(admission.expiresAt).toISOString();
    const pingSeconds = Math.round(config.pingMs / 1000);
    this.send({ type: 'welcome', cursor: String(this.cursor), counts, expiresAt, pingSeconds });
    watch.follow(this);
  }

  private takePlace(feed: FeedRef): boolean {
    const key = feedKeyOf(feed);
    const full = this.deps.limits.enter(feed.tenantId, key);
    if (full !== 'ok') {
      this.close(CLOSE.tooMany, 'too_many_sockets', `The ${full} has too many sockets.`);
      return false;
    }
    this.feed = feed;
    this.key = key;
    return true;
  }

  private ack({ cursor }: AckMessage): void {
    if (Number(cursor) > this.cursor) {
      this.refuse('/cursor: is ahead of what was sent');
      return;
    }
    const ids = this.unconfirmed.takeUpTo(Number(cursor));
    if (ids.length === 0) return;
    this.deps.metrics.confirmed.inc({ by: 'socket' }, ids.length);
    this.deps.confirm.add(this.key, this.feed as FeedRef, ids);
  }

  private async mark(message: MarkMessage): Promise<void> {
    const feed = this.feed as FeedRef;
    if (!(await this.deps.admit(feed))) return this.putOff(message, 'rate_limited', LIMITED);
    const result = await this.deps.mark(feed, message);
    if (result.ok) this.send({ type: 'marked', ref: message.ref, changed: result.changed });
    else this.refuse(result.errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; '));
  }

  private async renew({ token }: TokenMessage): Promise<void> {
    const admission = await this.deps.door(token);
    if (!admission.ok) return this.turnAway(admission);
    if (feedKeyOf(admission.feed) !== this.key) {
      return this.close(CLOSE.unauthorized, 'unauthorized', 'The token is of another recipient.');
    }
    this.expiresAt = admission.expiresAt;
    this.send({ type: 'token', expiresAt: new Date(admission.expiresAt).toISOString() });
  }

  private turnAway({ reason, detail }: { reason: string; detail: string }): void {
    this.close(CLOSE.unauthorized, reason === 'expired' ? 'token_expired' : 'unauthorized', detail);
  }

  private failed(message: ClientMessage, error: unknown): void {
    if (isUnavailable(error)) this.deps.onUnavailable(error as Error);
    else this.deps.logger.error({ err: error, type: message.type }, 'a message failed');
    // A socket that is open stays: what it asked for can be asked again.
    if (message instanceof MarkMessage || this.state === 'open')
      this.putOff(message, 'unavailable', UNAVAILABLE);
    else this.close(CLOSE.tryAgainLater, 'unavailable', UNAVAILABLE);
  }

  /** Says that a message was not served and may be sent again. */
  private putOff(message: ClientMessage, code: ErrorCode, detail: string): void {
    const ref = message instanceof MarkMessage ? message.ref : undefined;
    this.send({ type: 'error', code, detail, ref });
  }

  private allowed(): boolean {
    if (this.allowance.take(performance.now())) return true;
    const { messagesPerSecond } = this.deps.config;
    this.close(
      CLOSE.tooMany,
      'too_many_messages',
      `A socket may send ${messagesPerSecond} messages a second.`,
    );
    return false;
  }

  private refuse(detail: string): void {
    this.deps.metrics.received.inc({ type: 'bad' });
    this.close(CLOSE.badMessage, 'bad_message', detail);
  }

  private send(message: ServerMessage): void {
    if (!this.connection.isOpen) return;
    this.deps.metrics.sent.inc({ type: message.type });
    this.connection.send(message);
  }

  /** A method, since the state changes while something is awaited and the compiler does not know. */
  private isClosed(): boolean {
    return this.state === 'closed';
  }

  private closed(code: number): void {
    this.state = 'closed';
    this.deps.metrics.closed.inc({ code: closeLabel(code) });
    if (this.watch) this.deps.hub.leave(this.watch, this);
    if (this.feed) this.deps.limits.leave(this.feed.tenantId, this.key);
    this.deps.onClosed(this);
  }
}
