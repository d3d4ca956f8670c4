import { type Channel, type Lane, laneQueueName, MAX_IDS_PER_JOB } from '@herald/contracts';
import { type RedisClient } from './connection';
import { COUNT, GIVE_BACK, HEADS, PUSH, TAKE } from './fair-order-scripts';
import { gatesKey } from './lane-gates';

/** Ids of one tenant that wait together. */
export interface Payload {
  tenantId: string;
  ids: string[];
}

/** What a look at the order gave. */
export interface Take {
  payloads: Payload[];
  /**
   * What the lane still holds: nothing (`none`), more that can be taken (`some`), or only work of tenants that were passed
   * over (`skipped`). `paused`: nothing is given out. `unknown`: nor is it, because Redis has lost the pauses.
   */
  left: 'none' | 'some' | 'skipped' | 'paused' | 'unknown';
}

/** Of each tenant's waiting ids so many are shown as its head: the first alone may be canceled meanwhile. */
const HEAD_IDS = 5;

type RedisWithOrder = RedisClient & {
  heraldOrderPush(lane: string, ...args: (string | number)[]): Promise<null>;
  heraldOrderTake(lane: string, gates: string, ...args: (string | number)[]): Promise<string[]>;
  heraldOrderGiveBack(lane: string, ...args: string[]): Promise<null>;
  heraldOrderCount(lane: string): Promise<number>;
  heraldOrderHeads(lane: string, ...args: (string | number)[]): Promise<string[]>;
};

/**
 * In which order the tenants of a lane are served: by equal shares of deliveries, whatever each has waiting. Each call is
 * one script, so one round trip, and nothing is ever half done. Rejects when Redis is away.
 */
export class FairOrder {
  private readonly redis: RedisWithOrder;

  constructor(
    redis: RedisClient,
    private readonly prefix: string,
  ) {
    redis.defineCommand('heraldOrderPush', { numberOfKeys: 1, lua: PUSH });
    redis.defineCommand('heraldOrderTake', { numberOfKeys: 2, lua: TAKE });
    redis.defineCommand('heraldOrderGiveBack', { numberOfKeys: 1, lua: GIVE_BACK });
    redis.defineCommand('heraldOrderCount', { numberOfKeys: 1, lua: COUNT });
    redis.defineCommand('heraldOrderHeads', { numberOfKeys: 1, lua: HEADS });
    this.redis = redis as RedisWithOrder;
  }

  /** Puts ids at the tail of their tenants' lists: those with a delay (milliseconds) once it is over. */
  async push(
    channel: Channel,
    lane: Lane,
    rings: readonly { id: string; tenantId: string; delayMs?: number }[],
  ): Promise<void> {
    const pairs: string[] = [];
    const later: (string | number)[] = [];
    const lists = new Map<string, string[]>();
    for (const { id, tenantId, delayMs } of rings) {
      if (delayMs) later.push(tenantId, id, Math.ceil(delayMs));
      else if (lists.has(tenantId)) lists.get(tenantId)?.push(id);
      else lists.set(tenantId, [id]);
    }
    for (const [tenantId, ids] of lists) {
      for (let at = 0; at < ids.length; at += MAX_IDS_PER_JOB)
        pairs.push(tenantId, ids.slice(at, at + MAX_IDS_PER_JOB).join());
    }
    await this.redis.heraldOrderPush(this.key(channel, lane), pairs.length / 2, ...pairs, ...later);
  }

  /** Takes about `budget` ids in fair order, passing over the tenants in `skip`; whole payloads, so up to 49 more. */
  async take(channel: Channel, lane: Lane, budget: number, skip: readonly string[]): Promise<Take> {
    const reply = await this.redis.heraldOrderTake(
      this.key(channel, lane),
      gatesKey(this.prefix),
      laneQueueName(channel, lane),
      budget,
      ...skip,
    );
    const payloads: Payload[] = [];
    for (let at = 1; at < reply.length; at += 2)
      payloads.push({ tenantId: reply[at] as string, ids: (reply[at + 1] as string).split(',') });
    return { payloads, left: reply[0] as Take['left'] };
  }

  /** Puts what was taken and not begun back where it was. */
  async giveBack(channel: Channel, lane: Lane, payloads: readonly Payload[]): Promise<void> {
    const pairs = payloads.flatMap(({ tenantId, ids }) => [tenantId, ids.join()]);
    await this.redis.heraldOrderGiveBack(this.key(channel, lane), ...pairs);
  }

  /** How many ids wait, those that are to come later not counted. */
  count(channel: Channel, lane: Lane): Promise<number> {
    return this.redis.heraldOrderCount(this.key(channel, lane));
  }

  /** The oldest waiting ids of each of the tenants; a tenant that has none waiting is not in the result. */
  async heads(channel: Channel, lane: Lane, tenantIds: readonly string[]): Promise<Payload[]> {
    if (tenantIds.length === 0) return [];
    const heads = await this.redis.heraldOrderHeads(this.key(channel, lane), HEAD_IDS, ...tenantIds);
    return tenantIds.flatMap((tenantId, index) => {
      const head = heads[index] as string;
      return head === '' ? [] : [{ tenantId, ids: head.split(',') }];
    });
  }

  private key(channel: Channel, lane: Lane): string {
    return `${this.prefix}:${laneQueueName(channel, lane)}:fair`;
  }
}
