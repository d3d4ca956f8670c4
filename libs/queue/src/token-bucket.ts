import { type RedisClient } from './connection';

/**
 * A token bucket per key in Redis. `take` asks for tokens for all callers that wait at this moment in one call: under
 * load one round trip serves many requests, at low load a request waits for one round trip.
 */
export interface BucketLimit {
  /** Tokens when full. */
  burst: number;
  perSecond: number;
}

export interface BucketAnswer {
  allowed: boolean;
  /** Whole tokens left. */
  remaining: number;
  /** Until the bucket is full again, or until the next token when refused; seconds, rounded up. */
  resetSeconds: number;
  /** Redis did not answer and the request was let through. */
  unchecked?: boolean;
}

/** Grants up to ARGV[3] tokens; returns what was granted and what is left (in thousandths). Uses the clock of Redis. */
const TAKE = `
local burst, rate, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)
local granted = math.min(want, math.floor(tokens))
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return { granted, math.floor(tokens * 1000) }
`;

type RedisWithTake = RedisClient & {
  heraldTake(key: string, burst: number, perSecond: number, want: number): Promise<[number, number]>;
};

interface Waiting {
  limit: BucketLimit;
  callers: ((answer: BucketAnswer) => void)[];
}

/** How long to leave Redis alone after it failed, so that not every request waits for it. */
const HOLD_OFF_MS = 1000;

export class TokenBuckets {
  private readonly redis: RedisWithTake;
  private waiting = new Map<string, Waiting>();
  private inFlight = new Set<string>();
  private heldOffUntil = 0;

  constructor(
    redis: RedisClient,
    private readonly prefix: string,
    private readonly timeoutMs: number,
    private readonly onFailure: (error: Error) => void,
  ) {
    redis.defineCommand('heraldTake', { numberOfKeys: 1, lua: TAKE });
    this.redis = redis as RedisWithTake;
  }

  /** Takes one token. Never rejects: when Redis is away or slow the answer is yes, marked `unchecked`. */
  take(key: string, limit: BucketLimit): Promise<BucketAnswer> {
    if (Date.now() < this.heldOffUntil) return Promise.resolve(unchecked(limit));
    return new Promise((resolve) => {
      const waiting = this.waiting.get(key);
      if (waiting) waiting.callers.push(resolve);
      else this.waiting.set(key, { limit, callers: [resolve] });
      if (!this.inFlight.has(key)) void this.flush(key);
    });
  }

  private async flush(key: string): Promise<void> {
    this.inFlight.add(key);
    try {
      // Requests of the same turn of the event loop join this call.
      await new Promise((resolve) => setImmediate(resolve));
      for (let batch = this.next(key); batch; batch = this.next(key)) await this.ask(key, batch);
    } finally {
      this.inFlight.delete(key);
    }
  }

  private next(key: string): Waiting | undefined {
    const batch = this.waiting.get(key);
    this.waiting.delete(key);
    return batch;
  }

  private async ask(key: string, { limit, callers }: Waiting): Promise<void> {
    try {
      const [granted, left] = await withTimeout(
        this.redis.heraldTake(`${this.prefix}:limit:${key}`, limit.burst, limit.perSecond, callers.length),
        this.timeoutMs,
      );
      for (const [index, resolve] of callers.entries()) {
        resolve(answer(limit, index < granted, granted - index - 1, left / 1000));
      }
    } catch (error) {
      this.heldOffUntil = Date.now() + HOLD_OFF_MS;
      this.onFailure(error as Error);
      for (const resolve of callers) resolve(unchecked(limit));
    }
  }
}

function answer(limit: BucketLimit, allowed: boolean, grantedAfter: number, left: number): BucketAnswer {
  const tokens = left + Math.max(0, grantedAfter);
  const missing = allowed ? limit.burst - tokens : Math.max(0, 1 - tokens);
  return {
    allowed,
    remaining: allowed ? Math.floor(tokens) : 0,
    resetSeconds: Math.ceil(missing / limit.perSecond),
  };
}

function unchecked(limit: BucketLimit): BucketAnswer {
  return { allowed: true, remaining: limit.burst, resetSeconds: 0, unchecked: true };
}

function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
