import { createHash } from 'node:crypto';
import { type RedisClient } from './connection';

/** How far a feed has come, as `FeedHead` of the database library. */
export interface FeedNews {
  tenantId: string;
  recipient: string;
  seq: string;
}

/** What stands for a feed in Redis: 22 characters of base64url that tell nobody whose feed it is. */
export function feedKeyOf({ tenantId, recipient }: Omit<FeedNews, 'seq'>): string {
  return createHash('sha256').update(`${tenantId}\n${recipient}`).digest('base64url').slice(0, 22);
}

/** The channel on which a feed is rung. */
export function feedChannel(prefix: string, feedKey: string): string {
  return `${prefix}:feed:${feedKey}`;
}

/** Rings for feeds that have news. A ring is lost where nobody listens: listeners look at the heads of feeds, too. */
export class FeedBell {
  constructor(
    private readonly redis: RedisClient,
    private readonly prefix: string,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** Never rejects: what was rung for is in Postgres, and who did not hear it finds it later. */
  async ring(heads: readonly FeedNews[]): Promise<void> {
    if (heads.length === 0) return;
    try {
      const pipeline = this.redis.pipeline();
      for (const head of heads) pipeline.publish(feedChannel(this.prefix, feedKeyOf(head)), head.seq);
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    } catch (error) {
      this.onFailure(error as Error);
    }
  }
}
