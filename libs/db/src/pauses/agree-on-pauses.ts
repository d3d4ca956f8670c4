import { CHANNELS, LANES, type LaneRef, laneQueueName } from '@herald/contracts';
import { type Database } from '../connection/database';
import { adoptPauses, readKeptPauses } from './pause-store';

/** What Redis holds back. */
export interface PausesInRedis {
  /** Names this state; missing when Redis has lost it. */
  stamp?: string;
  /** Lanes that nothing is given out of. */
  closed: readonly LaneRef[];
  /** Lanes whose queue is marked as paused; all that an older release did. */
  flagged: readonly LaneRef[];
}

/** Where pauses are carried out. */
export interface PauseGates {
  readPauses(): Promise<PausesInRedis>;
  /** Holds back these lanes and no others; false when somebody else has set them since `found` was read. */
  setPauses(lanes: readonly LaneRef[], found: PausesInRedis): Promise<boolean>;
}

/** A lane that Redis had wrong. */
export interface PauseRepair extends LaneRef {
  now: 'paused' | 'resumed';
}

/** Each loses only to one that brought what Postgres says, so few are enough. */
const MAX_ROUNDS = 20;

/**
 * Makes Redis hold back what Postgres says is paused, and nothing else. The only way in which pauses get to Redis: after
 * a change in Postgres, when Redis may have lost something, and every few seconds. Gives what had to be changed.
 *
 * Redis is read before Postgres and set only when nobody has set it since. So whoever read Postgres before a change can
 * not undo it in Redis after it.
 * @throws when Postgres or Redis is away; the next one brings it
 */
export async function agreeOnPauses(db: Database, gates: PauseGates): Promise<PauseRepair[]> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const found = await gates.readPauses();
    const { adopted, pauses } = await readKeptPauses(db);
    if (!adopted) {
      await adoptPauses(db, found.flagged);
      continue;
    }
    const repairs = repairsOf(found, pauses);
    if (found.stamp !== undefined && repairs.length === 0) return [];
    if (await gates.setPauses(pauses, found)) return repairs;
  }
  throw new Error('The pauses in Redis do not come to rest');
}

function repairsOf(found: PausesInRedis, pauses: readonly LaneRef[]): PauseRepair[] {
  const [wanted, closed, flagged] = [pauses, found.closed, found.flagged].map(namesOf) as [
    Names,
    Names,
    Names,
  ];
  return CHANNELS.flatMap((channel) =>
    LANES.flatMap((lane): PauseRepair[] => {
      const name = laneQueueName(channel, lane);
      if (wanted.has(name))
        return closed.has(name) && flagged.has(name) ? [] : [{ channel, lane, now: 'paused' }];
      return closed.has(name) || flagged.has(name) ? [{ channel, lane, now: 'resumed' }] : [];
    }),
  );
}

type Names = ReadonlySet<string>;

function namesOf(lanes: readonly LaneRef[]): Names {
  return new Set(lanes.map(({ channel, lane }) => laneQueueName(channel, lane)));
}
