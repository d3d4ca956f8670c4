import { type Redis } from 'ioredis';

/** How many messages may go, per second (a second's worth at once) and from midnight to midnight UTC. */
export interface SendLimit {
  perSecond?: number;
  perDay?: number;
}

/** Whether one more may go now, and if not, when to come again. */
export type SendLeave = { allowed: true } | { allowed: false; waitMs: number };

/**
 * Takes one message's leave: ARGV[1] per second (0 for no limit), ARGV[2] per day. Gives 0, or the milliseconds to wait.
 * Those that are refused by the second get turns of their own, one after the other at the rate (`next`): were they all
 * told to come in a second, a backlog would knock as a whole every second. By the clock of Redis.
 */
const LEAVE = `
local rate, perDay = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local day = math.floor(now / 86400000)
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'next', 'day', 'sent')
local sent = tonumber(state[4]) == day and tonumber(state[5]) or 0
if perDay > 0 and sent >= perDay then return (day + 1) * 86400000 - now end
if rate > 0 then
  local burst = math.max(1, rate)
  local tokens = math.min(burst, (tonumber(state[1]) or burst) + math.max(0, now - (tonumber(state[2]) or now)) * rate / 1000)
  if tokens < 1 then
    local turn = math.max(now + (1 - tokens) * 1000 / rate, tonumber(state[3]) or 0)
    redis.call('HSET', KEYS[1], 'next', tostring(turn + 1000 / rate))
    return math.max(1, math.ceil(turn - now))
  end
  redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - 1), 'at', tostring(now))
end
redis.call('HSET', KEYS[1], 'day', day, 'sent', sent + 1)
redis.call('PEXPIRE', KEYS[1], 172800000)
return 0
`;

interface RedisWithLeave extends Redis {
  heraldLeave(key: string, perSecond: number, perDay: number): Promise<number>;
}

/** What providers may be given, counted over all workers in Redis. */
export class SendLimits {
  private readonly redis: RedisWithLeave;

  constructor(
    redis: Redis,
    private readonly prefix: string,
    private readonly onFailure: (error: Error) => void,
  ) {
    redis.defineCommand('heraldLeave', { numberOfKeys: 1, lua: LEAVE });
    this.redis = redis as RedisWithLeave;
  }

  /** Never rejects: when Redis is away nothing is limited here, and the provider says for itself what is too much. */
  async take(key: string, { perSecond = 0, perDay = 0 }: SendLimit): Promise<SendLeave> {
    try {
      const waitMs = await this.redis.heraldLeave(`${this.prefix}:sending:${key}`, perSecond, perDay);
      return waitMs > 0 ? { allowed: false, waitMs } : { allowed: true };
    } catch (error) {
      this.onFailure(error as Error);
      return { allowed: true };
    }
  }
}
