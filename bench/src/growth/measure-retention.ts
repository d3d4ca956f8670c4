import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, dropRetired, ensurePartitions, expiredDays, retireDay } from '@herald/db';
import { print } from '../print';
import { whole } from '../report/report';
import { textTable } from '../report/text-table';
import { measureLatency } from '../scenario/run-scenario';
import { SCENARIOS } from '../scenario/scenarios';
import { fillDays } from './fill-days';
import { type GrowthOptions } from './growth-options';
import { type House } from './houses';

/** What happens while somebody posts at a steady rate. */
const CONDITIONS = ['calm', 'retention', 'retention and a long reader'] as const;
export type Condition = (typeof CONDITIONS)[number];

export interface Stalls {
  round: number;
  condition: Condition;
  /** Between two answers of the API; each is a commit or a part of one. */
  longestGapMs: number;
  answerP99Ms: number;
  answerMaxMs: number;
  sentMaxMs: number;
  daysDropped: number;
  partitionsMade: number;
}

const SECONDS = 10;
const DAYS_PER_RUN = 3;
const PAUSE_MS = 1000;
const READER_MS = 3000;

/** How long writers stand still while old days are detached and dropped and new partitions are made, and without that. */
export async function measureRetention(house: House, options: GrowthOptions): Promise<Stalls[]> {
  const { db } = house.stage;
  await fillDays(db, options.sizes.at(-1) as number);
  await measureLatency(house.stage, SCENARIOS.single, { perSecond: options.rate, seconds: 3 }, 'warm-up');
  const results: Stalls[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const condition of CONDITIONS) {
      const stalls = await measureOne(house, options.rate, round, condition);
      results.push(stalls);
      print(`round ${round}  ${condition}: longest gap ${whole(stalls.longestGapMs)} ms`);
    }
  }
  return results;
}

async function measureOne(house: House, rate: number, round: number, condition: Condition): Promise<Stalls> {
  const { db } = house.stage;
  const name = `${condition}-${round}`;
  const posting = measureLatency(house.stage, SCENARIOS.single, { perSecond: rate, seconds: SECONDS }, name);
  const [latency, changed] = await Promise.all([posting, change(db, condition)]);
  const { longestGapMs, answerP99Ms, answerMaxMs, maxMs } = latency;
  return { round, condition, longestGapMs, answerP99Ms, answerMaxMs, sentMaxMs: maxMs, ...changed };
}

/** What the scheduler does, at a quicker pace. */
async function change(
  db: Database,
  condition: Condition,
): Promise<{ daysDropped: number; partitionsMade: number }> {
  if (condition === 'calm') return { daysDropped: 0, partitionsMade: 0 };
  await sleep(PAUSE_MS);
  const reading = condition === 'retention' ? undefined : readLong(db);
  let daysDropped = 0;
  let partitionsMade = 0;
  for (const day of (await expiredDays(db, 0)).slice(0, DAYS_PER_RUN)) {
    if ((await retireDay(db, day)) === 'retired') daysDropped += 1;
    await dropRetired(db);
    const { n } = (await db.rows<{ n: number }>(AHEAD))[0] as { n: number };
    partitionsMade += (await ensurePartitions(db, n + 1)).made;
    await sleep(PAUSE_MS);
  }
  await reading;
  return { daysDropped, partitionsMade };
}

const AHEAD = `SELECT count(*)::integer AS n FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'deliveries'::regclass AND right(c.relname, 8) > to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')
    AND c.relname ~ '[0-9]{8}$'`;

/** As a backup does: a transaction that has read every table and stays open. */
async function readLong(db: Database): Promise<void> {
  const runner = db.dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query('SELECT 1 FROM deliveries, notifications, attempts, events, attachments LIMIT 0');
  await sleep(READER_MS);
  await runner.rollbackTransaction();
  await runner.release();
}

/** The figures for people. */
export function retentionReport(results: readonly Stalls[]): string {
  const ms = (value: number) => value.toFixed(0);
  const rows = CONDITIONS.flatMap((condition) =>
    results
      .filter((each) => each.condition === condition)
      .map((each) => [
        `${condition} ${each.round}`,
        `${each.daysDropped}`,
        `${each.partitionsMade}`,
        ms(each.longestGapMs),
        ms(each.answerP99Ms),
        ms(each.answerMaxMs),
        ms(each.sentMaxMs),
      ]),
  );
  return textTable([
    ['', 'days', 'partitions', 'longest gap', 'POST to 202', '', 'accept to sent'],
    ['', 'dropped', 'made', 'ms', 'p99 ms', 'max ms', 'max ms'],
    ...rows,
  ]);
}
