import { type SendLimit } from '@herald/contracts';
import { type RedisClient } from './connection';

/** Whether one more may go now, and if not, when to come again. */
export type SendLeave = { allowed: true } | { allowed: false; waitMs: number };

/** What is counted by itself, and how many of it may go. */
export interface SendCount {
  key: string;
  limit: SendLimit;
}

/**
 * Takes one message's leave by every count: KEYS, and for each of them per second and per day in ARGV (0 for no limit).
 * Gives 0, or the milliseconds to wait, and then nothing was taken. Those that are refused by the second get turns of
 * their own, one after the other at the rate (`next`): were they all told to come in a second, a backlog would knock as a
 * whole every second. Who is a little early at its turn is let in on credit: it would go to the end of the backlog otherwise.
 * By the clock of Redis.
 */
const LEAVE = `
local enough = 0.9
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local day = math.floor(now / 86400000)
local wait = 0
local counts = {}
for i, key in ipairs(KEYS) do
  local rate, perDay = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local state = redis.call('HMGET', key, 'tokens', 'at', 'next', 'day', 'sent')
  local count = { rate = rate, sent = tonumber(state[4]) == day and tonumber(state[5]) or 0, next = tonumber(state[3]) or 0 }
  if perDay > 0 and count.sent >= perDay then return (day + 1) * 86400000 - now end
  if rate > 0 then
    local burst = math.max(1, rate)
    count.tokens = math.min(burst, (tonumber(state[1]) or burst) + math.max(0, now - (tonumber(state[2]) or now)) * rate / 1000)
  end
  counts[i] = count
end
for i, key in ipairs(KEYS) do
  local count = counts[i]
  if count.rate > 0 and count.tokens < enough then
    local turn = math.max(now + (1 - count.tokens) * 1000 / count.rate, count.next)
    redis.call('HSET', key, 'next', tostring(turn + 1000 / count.rate))
    redis.call('PEXPIRE', key, 172800000)
    wait = math.max(wait, 1, math.ceil(turn - now))
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local count = counts[i]
  if count.rate > 0 then redis.call('HSET', key, 'tokens', tostring(count.tokens - 1), 'at', tostring(now)) end
  redis.call('HSET', key, 'day', day, 'sent', count.sent + 1)
  redis.call('PEXPIRE', key, 172800000)
end
return 0
`;

type RedisWithLeave = RedisClient & {
  heraldLeave(keys: number, ...keysAndLimits: (string | number)[]): Promise<number>;
};

/** What providers may be given, counted over all workers in Redis. */
export class SendLimits {
  private readonly redis: RedisWithLeave;

  constructor(
    redis: RedisClient,
    private readonly prefix: string,
    private readonly onFailure: (error: Error) => void,
  ) {
    redis.defineCommand('heraldLeave', { lua: LEAVE });
    this.redis = redis as RedisWithLeave;
  }

  /**
   * Leave by all of these counts, or by none. Never rejects: when Redis is away nothing is limited here, and the provider
   * says for itself what is too much.
   */
  async take(counts: readonly SendCount[]): Promise<SendLeave> {
    const keys = counts.map(({ key }) => `${this.prefix}:sending:${key}`);
    const limits = counts.flatMap(({ limit: { perSecond = 0, perDay = 0 } }) => [perSecond, perDay]);
    try {
      const waitMs = await this.redis.heraldLeave(keys.length, ...keys, ...limits);
      return waitMs > 0 ? { allowed: false, waitMs } : { allowed: true };
    } catch (error) {
      this.onFailure(error as Error);
      return { allowed: true };
    }
  }
}
