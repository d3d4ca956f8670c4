import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Database,
  deleteStrays,
  dropRetired,
  ensurePartitions,
  exclusively,
  expiredDays,
  partitionFigures,
  retireDay,
} from '@herald/db';
import { type Logger } from '@herald/platform';
import { type RetentionMetrics } from './retention-metrics';

export interface RetentionDeps {
  db: Database;
  logger: Logger;
  metrics: RetentionMetrics;
  /** Days after its own that a day is kept; 0 for ever. */
  retentionDays: number;
  partitionDaysAhead: number;
}

/** Between two days that are taken out: writers wait for each of them for a moment. */
const PAUSE_MS = 1000;

/** Makes the days ahead, and says how far they reach and what lies in the default partitions. */
export async function partitionsTurn(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  const { db, logger, metrics, partitionDaysAhead } = deps;
  const { made, moved, busy, full } = await ensurePartitions(db, partitionDaysAhead, signal);
  if (made > 0) logger.info({ made, moved }, 'partitions were made');
  if (busy > 0) logger.warn({ partitions: busy }, 'partitions could not be made, the tables were in use');
  if (full > 0)
    logger.warn({ partitions: full }, 'days stay in the default partitions, they hold too many rows');
  const { daysAhead, defaultRows } = await partitionFigures(db);
  metrics.daysAhead.set(daysAhead);
  for (const [table, rows] of Object.entries(defaultRows)) metrics.defaultRows.set({ table }, rows);
}

/**
 * Drops the days that are older than the retention, oldest first, and what the default partitions hold of that time. A day
 * with an open delivery waits for it. One scheduler does this at a time; what it leaves behind the next one finishes.
 */
export async function retentionTurn(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  await exclusively(deps.db, 'retention', async () => {
    await drop(deps, signal);
    if (deps.retentionDays === 0) return;
    await retireExpired(deps, signal);
    const deleted = await deleteStrays(deps.db, deps.retentionDays, signal);
    if (deleted > 0)
      deps.logger.info({ rows: deleted }, 'expired rows of the default partitions were deleted');
  });
}

async function retireExpired(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  const { db, logger, metrics, retentionDays } = deps;
  const waiting: string[] = [];
  for (const day of await expiredDays(db, retentionDays)) {
    if (signal.aborted) return;
    const result = await retireDay(db, day, signal);
    if (result === 'retired') await drop(deps, signal);
    else if (result === 'open') waiting.push(day);
    else if (result === 'busy') {
      // The next day would not fare better.
      logger.warn({ day }, 'a day could not be dropped, the tables were in use');
      metrics.busy.inc();
      break;
    }
    if (result === 'retired') await sleep(PAUSE_MS, undefined, { signal });
  }
  metrics.waitingDays.set(waiting.length);
  if (waiting.length > 0) {
    const [oldest] = waiting;
    logger.warn({ days: waiting.length, oldest }, 'days past their retention wait for open deliveries');
  }
}

async function drop({ db, logger, metrics }: RetentionDeps, signal: AbortSignal): Promise<void> {
  const tables = await dropRetired(db, signal);
  metrics.dropped.inc(tables.length);
  if (tables.length > 0) logger.info({ tables }, 'partitions were dropped');
}
