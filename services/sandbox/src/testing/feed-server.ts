import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FeedItem } from '../inapp/feed-item';

interface Entry {
  seq: number;
  item: FeedItem;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads frames of every shape
type Frame = any;

/** Lives for as long as a test says; the n-th token of a recipient can be told from the others. */
export const tokenOf = (recipient: string, nth: number): string => `${recipient}#${nth}`;

/** A realtime service in miniature: feeds in memory, the protocol of the real one over a real WebSocket. */
export class FeedServer {
  readonly port: number;
  /** All frames that clients sent, in order. */
  readonly frames: Frame[] = [];
  /** How long a token is good for, from when it is shown. */
  tokenMs = 3_600_000;
  /** Says nothing to who greets it. */
  mute = false;
  private readonly feeds = new Map<string, Entry[]>();
  private readonly sockets = new Map<WebSocket, string>();

  private constructor(private readonly server: WebSocketServer) {
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => {
      socket.on('message', (data) => this.take(socket, JSON.parse(data.toString())));
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(port = 0): Promise<FeedServer> {
    const protocols = (offered: Set<string>) => offered.has('herald.feed.v1') && 'herald.feed.v1';
    const server = new WebSocketServer({ port, host: '127.0.0.1', handleProtocols: protocols });
    await new Promise((resolve) => server.once('listening', resolve));
    return new FeedServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/v1/feed/socket`;
  }

  framesOf(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  post(recipient: string, content: Partial<FeedItem> = {}): FeedItem {
    const now = new Date().toISOString();
    const base = { id: randomUUID(), notificationId: randomUUID(), title: 'Hello', createdAt: now };
    const item = { ...base, ...content };
    this.put(recipient, item);
    return item;
  }

  /** Sends a frame as it is to everyone of a recipient. */
  say(recipient: string, frame: object): void {
    for (const [socket, owner] of this.sockets) if (owner === recipient) socket.send(JSON.stringify(frame));
  }

  /** Ends every socket with a close code. */
  hangUp(code: number): void {
    for (const socket of this.server.clients) socket.close(code);
  }

  async stop(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private put(recipient: string, item: FeedItem): void {
    const entries = this.feeds.get(recipient) ?? [];
    const seq = (entries.at(-1)?.seq ?? 0) + 1;
    this.feeds.set(recipient, [...entries.filter((entry) => entry.item.id !== item.id), { seq, item }]);
    this.say(recipient, {
      type: 'items',
      items: [item],
      cursor: String(seq),
      counts: this.counts(recipient),
    });
  }

  private counts(recipient: string): object {
    const items = (this.feeds.get(recipient) ?? []).map(({ item }) => item);
    const left = items.filter(({ archivedAt }) => !archivedAt);
    const count = (at: 'seenAt' | 'readAt') => left.filter((item) => !item[at]).length;
    return { unseen: count('seenAt'), unread: count('readAt') };
  }

  private take(socket: WebSocket, frame: Frame): void {
    this.frames.push(frame);
    if (frame.type === 'hello' && !this.mute) this.welcome(socket, frame);
    if (frame.type === 'mark') this.mark(socket, frame);
    if (frame.type === 'token') socket.send(JSON.stringify({ type: 'token', expiresAt: this.expiry() }));
  }

  private expiry(): string {
    return new Date(Date.now() + this.tokenMs).toISOString();
  }

  private welcome(socket: WebSocket, { token, cursor }: Frame): void {
    const recipient = token.split('#')[0];
    this.sockets.set(socket, recipient);
    const entries = this.feeds.get(recipient) ?? [];
    const head = String(entries.at(-1)?.seq ?? 0);
    const counts = this.counts(recipient);
    const rest = { expiresAt: this.expiry(), pingSeconds: 30 };
    socket.send(JSON.stringify({ type: 'welcome', cursor: head, counts, ...rest }));
    const items = entries.filter(({ seq }) => seq > Number(cursor ?? head)).map(({ item }) => item);
    if (items.length > 0) socket.send(JSON.stringify({ type: 'items', items, cursor: head, counts }));
  }

  private mark(socket: WebSocket, { ids, as, ref }: Frame): void {
    const recipient = this.sockets.get(socket) ?? '';
    const marked = (this.feeds.get(recipient) ?? []).filter(({ item }) => ids.includes(item.id));
    const now = new Date().toISOString();
    const changes = {
      seen: { seenAt: now },
      read: { seenAt: now, readAt: now },
      unread: { readAt: undefined },
      archived: { archivedAt: now },
      unarchived: { archivedAt: undefined },
    }[as as 'seen'];
    socket.send(JSON.stringify({ type: 'marked', ref, changed: marked.length }));
    for (const { item } of marked) this.put(recipient, { ...item, ...changes });
  }
}
