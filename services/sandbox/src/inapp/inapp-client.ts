import type { SandboxLogger } from '../logger';
import type { MessageStore } from '../store/message-store';
import type { MarkOutcome } from './feed-connection';
import type { FeedItem, Mark } from './feed-item';
import { FeedSession, type FeedSessionState } from './feed-session';
import { InAppItem } from './inapp-item';

/** An app in which some recipients are signed in. */
export interface InAppOptions {
  /** The realtime service's socket, such as `ws://127.0.0.1:3005/v1/feed/socket`; asked before each connection. */
  socketUrl: () => string;
  /** What the tenant's server does for its app: gives a recipient token. */
  tokenFor: (recipient: string) => Promise<string>;
  /** Who is signed in from the start. */
  recipients: readonly string[];
}

export interface InAppClientDeps {
  store: Pick<MessageStore, 'add' | 'changed'>;
  logger: SandboxLogger;
}

export type SignInOutcome =
  | { type: 'signed-in' | 'already'; session: FeedSessionState }
  | { type: 'full'; most: number };

const MOST_RECIPIENTS = 50;
/** Items that are recognised when they come again; the store keeps about as many messages. */
const MOST_KNOWN_ITEMS = 20_000;

/** Keeps what arrives in the feeds of those who are signed in; an item that changes stays one message. */
export class InAppClient {
  private readonly sessions = new Map<string, FeedSession>();
  private readonly known = new Map<string, InAppItem>();

  constructor(
    private readonly options: InAppOptions,
    private readonly deps: InAppClientDeps,
  ) {}

  start(): void {
    for (const recipient of this.options.recipients) this.signIn(recipient);
  }

  signIn(recipient: string): SignInOutcome {
    const present = this.sessions.get(recipient);
    if (present !== undefined) return { type: 'already', session: present.state() };
    if (this.sessions.size >= MOST_RECIPIENTS) return { type: 'full', most: MOST_RECIPIENTS };
    const { socketUrl, tokenFor } = this.options;
    const { store, logger } = this.deps;
    const session = new FeedSession({
      recipient,
      socketUrl,
      tokenFor,
      onItems: (items) => this.take(recipient, items),
      onChange: () => store.changed(),
      logger,
    });
    this.sessions.set(recipient, session);
    session.start();
    return { type: 'signed-in', session: session.state() };
  }

  /** Who is signed in, in the order in which they were. */
  list(): FeedSessionState[] {
    return [...this.sessions.values()].map((session) => session.state());
  }

  /** Marks items as the recipient would; undefined when that recipient is not signed in. */
  async mark(recipient: string, ids: readonly string[], as: Mark): Promise<MarkOutcome | undefined> {
    return this.sessions.get(recipient)?.mark(ids, as);
  }

  stop(): void {
    for (const session of this.sessions.values()) session.stop();
  }

  /** Whoever uses the same tenant's feed from another app changes the items too: they come again as they are then. */
  private take(recipient: string, items: readonly FeedItem[]): void {
    for (const item of items) {
      const known = this.known.get(item.id);
      if (known === undefined) this.add(new InAppItem(recipient, item), item.id);
      else known.update(item);
    }
  }

  private add(message: InAppItem, id: string): void {
    const [oldest] = this.known.size >= MOST_KNOWN_ITEMS ? this.known.keys() : [];
    if (oldest !== undefined) this.known.delete(oldest);
    this.known.set(id, message);
    this.deps.store.add(message);
  }
}
