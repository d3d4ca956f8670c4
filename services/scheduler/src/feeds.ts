import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, deleteExpiredFeedItems, deleteOldFeedItems, exclusively } from '@herald/db';
import { type Metrics } from '@herald/platform';

/** What is known of the items that leave the feeds. */
export function feedRetentionMetrics(metrics: Metrics) {
  return {
    deleted: metrics.counter({
      name: 'herald_feed_items_deleted_total',
      help: 'Items that left their in-app feed because they expired or were past their retention.',
      labels: ['why'],
    }),
  };
}

export interface FeedsDeps {
  db: Database;
  /** Days that an item is kept; 0 for ever. */
  retentionDays: number;
  metrics: ReturnType<typeof feedRetentionMetrics>;
}

/** Items that one statement looks at. */
const STEP = 1000;
/** Between two steps: whoever reads and writes feeds gets the disk in between. */
const PAUSE_MS = 20;

/**
 * Deletes the items that have expired and those that are past their retention, in steps. One scheduler does this at a
 * time; what it leaves behind the next one finishes.
 */
export async function feedsTurn(deps: FeedsDeps, signal: AbortSignal): Promise<void> {
  await exclusively(deps.db, 'feeds', async () => {
    await deleteExpired(deps, signal);
    if (deps.retentionDays > 0) await deleteOld(deps, signal);
  });
}

async function deleteExpired({ db, metrics }: FeedsDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const deleted = await deleteExpiredFeedItems(db, STEP);
    metrics.deleted.inc({ why: 'expired' }, deleted);
    if (deleted < STEP) return;
    await pause(signal);
  }
}

async function deleteOld({ db, metrics, retentionDays }: FeedsDeps, signal: AbortSignal): Promise<void> {
  let after: string | undefined;
  while (!signal.aborted) {
    const { deleted, last } = await deleteOldFeedItems(db, { retentionDays, after, limit: STEP });
    metrics.deleted.inc({ why: 'retention' }, deleted);
    if (last === undefined) return;
    after = last;
    await pause(signal);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
}
