import { LANES, type Lane } from '@herald/contracts';
import { type Database, type DueDelivery, failOverUnconfirmed, promoteScheduled } from '@herald/db';
import { type DeliveryQueues } from '@herald/queue';
import { type SchedulerMetrics } from './metrics';

export interface PromoteDeps {
  db: Database;
  queues: DeliveryQueues;
  metrics: SchedulerMetrics;
}

/** Deliveries per statement. */
const LIMIT = 2000;

/**
 * Rings for deliveries whose time has come, scheduled ones and those that wait for a receipt, until none is left. The lanes
 * take turns, so that what is urgent waits for a few statements at most, however long the campaign is that becomes due with it.
 */
export async function promoteTurn(deps: PromoteDeps, signal: AbortSignal): Promise<void> {
  let lanes: readonly Lane[] = LANES;
  while (lanes.length > 0) {
    const left: Lane[] = [];
    for (const lane of lanes) {
      if (signal.aborted || !deps.queues.available) return;
      if (await promoteLane(deps, lane)) left.push(lane);
    }
    lanes = left;
  }
}

/** @returns whether there may be more */
async function promoteLane({ db, queues, metrics }: PromoteDeps, lane: Lane): Promise<boolean> {
  const ring = async (due: readonly DueDelivery[], counter: SchedulerMetrics['promoted']) => {
    for (const { channel } of due) counter.inc({ channel, lane });
    if (due.length > 0) await queues.ring(due);
    return due.length === LIMIT;
  };
  const scheduled = await ring(await promoteScheduled(db, { lane, limit: LIMIT }), metrics.promoted);
  const unconfirmed = await ring(await failOverUnconfirmed(db, { lane, limit: LIMIT }), metrics.unconfirmed);
  return scheduled || unconfirmed;
}
