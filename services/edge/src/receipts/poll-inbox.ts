import { type Database, inboxFigures, takeCallbacks } from '@herald/db';
import { type EdgeMetrics } from '../metrics';
import { type CallbackApplier } from './callback-applier';
import { safely } from './receipt-inbox';

export interface PollInboxDeps {
  db: Database;
  applier: Pick<CallbackApplier, 'apply' | 'crowded'>;
  holdMs: number;
  metrics: EdgeMetrics;
}

/** A callback has at most 1 MiB. */
const BATCH = 32;

/**
 * One look into the inbox: takes and applies what nobody holds (those of an edge that ended, those whose pause is over,
 * those that came when too many waited), until nothing is left, and measures what waits.
 */
export async function pollInbox(
  { db, applier, holdMs, metrics }: PollInboxDeps,
  signal: AbortSignal,
): Promise<void> {
  let more = true;
  while (more && !signal.aborted) {
    const until = performance.now() + safely(holdMs);
    const taken = await takeCallbacks(db, { limit: BATCH, holdMs, except: applier.crowded() });
    await Promise.all(taken.map((callback) => applier.apply(callback, until)));
    more = taken.length > 0;
  }
  const { callbacks, oldestSeconds } = await inboxFigures(db);
  metrics.inbox.set(callbacks);
  metrics.inboxOldest.set(oldestSeconds);
}
