import { type Redis } from 'ioredis';
import { createSubscriberConnection } from './connection';
import { feedChannel } from './feed-bell';
import { type RedisServers } from './redis-servers';

export interface FeedListenerOptions {
  servers: RedisServers;
  prefix: string;
  /** A feed rang. `seq` is its head, a decimal; rings can come late, doubled and out of order. */
  onRing(feedKey: string, seq: string): void;
  /** It listens to feeds that it could not listen to for a while: what was rung meanwhile was not heard. */
  onReconnect(): void;
  onError(error: Error): void;
}

/** Channels that are subscribed to by one command. */
const CHUNK = 1000;

/**
 * Hears the rings of some feeds, over a connection of its own. While Redis is away it keeps trying, and listens to what it
 * was asked for once it is back.
 */
export class FeedListener {
  private readonly redis: Redis;
  private readonly wanted = new Set<string>();

  constructor(private readonly options: FeedListenerOptions) {
    this.redis = createSubscriberConnection(options.servers);
    const start = feedChannel(options.prefix, '').length;
    this.redis.on('message', (channel: string, seq: string) => {
      // What came between the wish not to listen and Redis' hearing of it.
      const key = channel.slice(start);
      if (this.wanted.has(key)) options.onRing(key, seq);
    });
    this.redis.on('error', options.onError);
    this.redis.on('ready', () => void this.resume());
  }

  /** Whether it hears anything now. */
  get listening(): boolean {
    return this.redis.status === 'ready';
  }

  /** Resolves once every later ring is heard, or at once while Redis is away; never rejects. */
  async listen(feedKey: string): Promise<void> {
    this.wanted.add(feedKey);
    await this.subscribe([feedKey]);
  }

  /** Stops listening to a feed. */
  async unlisten(feedKey: string): Promise<void> {
    if (!this.wanted.delete(feedKey) || !this.listening) return;
    try {
      await this.redis.unsubscribe(feedChannel(this.options.prefix, feedKey));
    } catch (error) {
      this.options.onError(error as Error);
    }
  }

  close(): void {
    this.wanted.clear();
    this.redis.disconnect();
  }

  private async resume(): Promise<void> {
    const keys = [...this.wanted];
    const chunks: Promise<boolean>[] = [];
    for (let n = 0; n < keys.length; n += CHUNK) chunks.push(this.subscribe(keys.slice(n, n + CHUNK)));
    const done = await Promise.all(chunks);
    if (keys.length > 0 && done.every(Boolean)) this.options.onReconnect();
  }

  /** Whether it worked: if not the connection is gone, and the next one begins with all that is wanted. */
  private async subscribe(keys: readonly string[]): Promise<boolean> {
    if (!this.listening) return false;
    try {
      await this.redis.subscribe(...keys.map((key) => feedChannel(this.options.prefix, key)));
      return true;
    } catch (error) {
      this.options.onError(error as Error);
      return false;
    }
  }
}
