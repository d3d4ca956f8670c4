import type { SandboxLogger } from '../logger';
import { type ConnectionEnd, FeedConnection, type MarkOutcome } from './feed-connection';
import type { FeedCounts, FeedItem, Mark } from './feed-item';

export interface FeedSessionOptions {
  recipient: string;
  /** The realtime service's socket; asked before each connection. */
  socketUrl: () => string;
  /** A recipient token that is good for a while from now. */
  tokenFor: (recipient: string) => Promise<string>;
  onItems: (items: readonly FeedItem[]) => void;
  /** Told when the state or the counts are others. */
  onChange: () => void;
  logger: SandboxLogger;
}

/** What the page is told of a session; the counts are missing until the first welcome. */
export interface FeedSessionState {
  recipient: string;
  connected: boolean;
  counts: FeedCounts | null;
}

/** An app shows the whole feed when somebody signs in. */
const FROM_THE_START = '0';
const BACKOFF = { baseMs: 250, capMs: 15_000 };

/**
 * A recipient who is signed in: connected to the realtime service for as long as the session lasts, again and again if
 * need be, each time from the cursor up to which everything has arrived.
 */
export class FeedSession {
  private cursor = FROM_THE_START;
  private counts: FeedCounts | null = null;
  private connection: FeedConnection | undefined;
  private connected = false;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly options: FeedSessionOptions) {}

  start(): void {
    const { recipient, tokenFor } = this.options;
    tokenFor(recipient)
      .then((token) => this.connect(token))
      .catch((error: unknown) => this.again({ err: error }, 'an in-app session could not be opened'));
  }

  state(): FeedSessionState {
    const { connected, counts } = this;
    return { recipient: this.options.recipient, connected, counts };
  }

  /** Marks items of this feed as its recipient does. */
  mark(ids: readonly string[], as: Mark): Promise<MarkOutcome> {
    if (this.connection === undefined || !this.connected) return Promise.resolve({ type: 'disconnected' });
    return this.connection.mark(ids, as);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retry);
    this.connection?.close();
  }

  private connect(token: string): void {
    if (this.stopped) return;
    const { recipient, socketUrl, tokenFor } = this.options;
    this.connection = new FeedConnection({
      url: socketUrl(),
      token,
      cursor: this.cursor,
      renewToken: () => tokenFor(recipient),
      onWelcome: (counts, cursor) => this.welcomed(counts, cursor),
      onItems: (items, cursor, counts) => {
        // What was under way when the session ended.
        if (this.stopped) return;
        this.options.onItems(items);
        this.cursor = cursor;
        this.tell(counts);
      },
      onEnd: (end) => this.ended(end),
    });
  }

  private welcomed(counts: FeedCounts, cursor: string): void {
    // A feed that began anew, with a new database, is behind what is known of the old one.
    if (BigInt(cursor) < BigInt(this.cursor)) this.cursor = cursor;
    this.connected = true;
    this.failures = 0;
    this.tell(counts);
  }

  private tell(counts: FeedCounts): void {
    this.counts = counts;
    this.options.onChange();
  }

  private ended({ code, detail }: ConnectionEnd): void {
    this.connection = undefined;
    this.connected = false;
    this.options.onChange();
    this.again({ code, detail }, 'a socket to the in-app feed ended');
  }

  /** Tries again after a pause that doubles, with jitter; only the first failure in a row is worth a line. */
  private again(fields: object, message: string): void {
    if (this.stopped) return;
    if (this.failures === 0) this.options.logger.info(fields, `${message}; it is tried again`);
    const pause = Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    this.retry = setTimeout(() => this.start(), pause * (0.5 + Math.random() / 2));
  }
}
