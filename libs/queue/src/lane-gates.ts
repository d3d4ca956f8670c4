import { randomUUID } from 'node:crypto';
import { CHANNELS, LANES, type LaneRef, laneQueueName } from '@herald/contracts';
import { type RedisClient } from './connection';

/** What Redis says of pauses. */
export interface GatesFound {
  /** Names this state of the gates; missing when Redis has lost it: then nothing is given out of any lane. */
  stamp?: string;
  /** Lanes that nothing is given out of. */
  closed: LaneRef[];
  /** Lanes whose queue carries BullMQ's mark, for its workers and for queue tools. */
  flagged: LaneRef[];
}

type RedisWithGates = RedisClient & {
  heraldGatesRead(key: string, ...args: string[]): Promise<[string | null, number[], number[]]>;
  heraldGatesSet(key: string, ...args: string[]): Promise<0 | 1>;
};

const STAMP = 'stamp';

const ALL_LANES: readonly LaneRef[] = CHANNELS.flatMap((channel) => LANES.map((lane) => ({ channel, lane })));

/** The hash that says which lanes are closed: a field for each, and the stamp. */
export function gatesKey(prefix: string): string {
  return `${prefix}:pauses`;
}

/**
 * KEYS: the gates, then BullMQ's hash of each lane. ARGV: the lanes' names. Returns the stamp, which are closed and which are
 * marked. Not MULTI, which a full Redis refuses whatever is in it.
 */
const READ = `
local closed, marked = {}, {}
for i = 1, #ARGV do
  closed[i] = redis.call('HEXISTS', KEYS[1], ARGV[i])
  marked[i] = redis.call('HEXISTS', KEYS[i + 1], 'paused')
end
return { redis.call('HGET', KEYS[1], '${STAMP}'), closed, marked }`;

/**
 * ARGV: the stamp that must be there (empty for none), the new one, and the lanes to close.
 *
 * DEL comes first, because Redis allows it when its memory is full, and after it the rest of the script.
 */
const SET = `
if (redis.call('HGET', KEYS[1], '${STAMP}') or '') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '${STAMP}', ARGV[2])
for i = 3, #ARGV do redis.call('HSET', KEYS[1], ARGV[i], 1) end
return 1`;

/**
 * Which lanes work is given out of. `FairOrder.take` looks here in the same script that takes, so nothing is ever taken
 * out of a closed lane; and it gives nothing out when the stamp is gone, since then Redis has lost the pauses too.
 */
export class LaneGates {
  private readonly redis: RedisWithGates;

  constructor(
    redis: RedisClient,
    private readonly prefix: string,
  ) {
    redis.defineCommand('heraldGatesRead', { numberOfKeys: 1 + ALL_LANES.length, lua: READ });
    redis.defineCommand('heraldGatesSet', { numberOfKeys: 1, lua: SET });
    this.redis = redis as RedisWithGates;
  }

  /** All gates and marks as they are at one moment, in one round trip. */
  async read(): Promise<GatesFound> {
    const metas = ALL_LANES.map((lane) => `${this.prefix}:${nameOf(lane)}:meta`);
    const [stamp, closed, flagged] = await this.redis.heraldGatesRead(
      gatesKey(this.prefix),
      ...metas,
      ...ALL_LANES.map(nameOf),
    );
    return {
      stamp: stamp ?? undefined,
      closed: ALL_LANES.filter((_lane, index) => closed[index] === 1),
      flagged: ALL_LANES.filter((_lane, index) => flagged[index] === 1),
    };
  }

  /** Closes these lanes and opens all others; false, and nothing is changed, when the stamp is another one. */
  async set(lanes: readonly LaneRef[], stamp = ''): Promise<boolean> {
    const names = lanes.map(nameOf);
    return (await this.redis.heraldGatesSet(gatesKey(this.prefix), stamp, randomUUID(), ...names)) === 1;
  }
}

function nameOf({ channel, lane }: LaneRef): string {
  return laneQueueName(channel, lane);
}
