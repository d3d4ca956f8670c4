import { FEED_SOCKET_PATH, FEED_SOCKET_PROTOCOL, type FeedItemDto } from '@herald/contracts';
import { until } from '@herald/testing';
import WebSocket, { type ClientOptions } from 'ws';
import { type ServerMessage } from '../sockets/server-message';

type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;

/** A client as an app would write it: remembers what came and how far it is. */
export class FeedClient {
  readonly messages: ServerMessage[] = [];
  closedWith?: number;
  cursor?: string;
  /** Whether it acknowledges what comes. */
  acks = false;

  private constructor(readonly ws: WebSocket) {
    ws.on('message', (data) => this.receive(JSON.parse(String(data)) as ServerMessage));
    ws.on('close', (code) => {
      this.closedWith = code;
    });
    ws.on('error', () => undefined);
  }

  static async connect(url: string, options: ClientOptions = {}): Promise<FeedClient> {
    const address = url.replace('http', 'ws') + FEED_SOCKET_PATH;
    const client = new FeedClient(new WebSocket(address, FEED_SOCKET_PROTOCOL, options));
    await until(() => client.ws.readyState === WebSocket.OPEN || client.closedWith !== undefined, {
      what: 'the socket to open',
    });
    return client;
  }

  /** Connects and says hello; resolves with the welcome. */
  static async open(url: string, token: string, cursor?: string): Promise<FeedClient> {
    const client = await FeedClient.connect(url);
    client.say({ type: 'hello', token, cursor });
    await client.next('welcome');
    return client;
  }

  say(message: unknown): void {
    if (this.ws.readyState === WebSocket.OPEN)
      this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first message of a type, once it is there. */
  next<T extends ServerMessage['type']>(type: T, after = 0): Promise<Of<T>> {
    return until(() => this.all(type)[after], { what: `message ${after + 1} of type ${type}` });
  }

  all<T extends ServerMessage['type']>(type: T): Of<T>[] {
    return this.messages.filter((message): message is Of<T> => message.type === type);
  }

  /** Every item that came, in order. */
  get items(): FeedItemDto[] {
    return this.all('items').flatMap(({ items }) => items);
  }

  get titles(): string[] {
    return this.items.map(({ title }) => title);
  }

  untilTitles(wanted: readonly string[]): Promise<true> {
    const goal = JSON.stringify(wanted);
    return until(() => JSON.stringify(this.titles) === goal, { what: `titles ${goal}` }) as Promise<true>;
  }

  untilClosed(): Promise<number> {
    return until(() => this.closedWith, { what: 'the close' });
  }

  /** Breaks the connection as a lost network would. */
  cut(): void {
    this.ws.terminate();
  }

  private receive(message: ServerMessage): void {
    this.messages.push(message);
    if (message.type === 'welcome' || message.type === 'items') this.cursor = message.cursor;
    if (message.type === 'items' && this.acks) this.say({ type: 'ack', cursor: message.cursor });
  }
}
