import { type RedisClient } from './connection';

/** What workers told each other of something that fails: leave it alone, or try it with one message at a time. */
export type BoardState = { kind: 'open'; forMs: number } | { kind: 'suspect' };

/** How long something that was left alone stays suspect unless a message goes through. */
const SUSPECT_MS = 300_000;
/** A worker that holds the probe and dies lets go of it after this. */
const PROBE_MS = 30_000;

/**
 * Where workers tell each other of open circuit breakers. A key lives for the time that the breaker is open and then as a
 * suspect, so that its remaining life says which it is and no clocks are compared. Losing Redis' data closes them all:
 * each worker finds out for itself again.
 */
export class BreakerBoard {
  constructor(
    private readonly redis: RedisClient,
    private readonly prefix: string,
  ) {}

  /** What is known of these; those that are well are missing. */
  async read(keys: readonly string[]): Promise<Map<string, BoardState>> {
    const pipeline = this.redis.pipeline();
    for (const key of keys) pipeline.pttl(this.name(key));
    const answers = (await pipeline.exec()) ?? [];
    const states = new Map<string, BoardState>();
    for (const [index, [error, ttl]] of answers.entries()) {
      if (error) throw error;
      const state = stateOf(Number(ttl));
      if (state) states.set(keys[index] as string, state);
    }
    return states;
  }

  /** Leaves it alone for this long. */
  async open(key: string, ms: number): Promise<void> {
    await this.redis.set(this.name(key), '1', 'PX', ms + SUSPECT_MS);
  }

  async close(key: string): Promise<void> {
    await this.redis.del(this.name(key), this.probe(key));
  }

  /** Whether the caller may try the suspect with one message: one caller at a time may. */
  async tryProbe(key: string): Promise<boolean> {
    return (await this.redis.set(this.probe(key), '1', 'PX', PROBE_MS, 'NX')) === 'OK';
  }

  /** After a probe that failed or told nothing. */
  async releaseProbe(key: string): Promise<void> {
    await this.redis.del(this.probe(key));
  }

  private name(key: string): string {
    return `${this.prefix}:breaker:${key}`;
  }

  private probe(key: string): string {
    return `${this.prefix}:breaker:${key}:probe`;
  }
}

function stateOf(ttl: number): BoardState | undefined {
  if (ttl > SUSPECT_MS) return { kind: 'open', forMs: ttl - SUSPECT_MS };
  return ttl > 0 ? { kind: 'suspect' } : undefined;
}
