import { CHANNELS, type Channel, LANES, type Lane } from '@herald/contracts';
import { type Database, findLaneHead, type LaneHead, ringOverdue } from '@herald/db';
import { type DeliveryQueues, type LaneFigures } from '@herald/queue';
import { type LostClaimDeps, recoverLostClaims } from './lost-claims';
import { type SchedulerMetrics } from './metrics';

export interface RelayDeps extends LostClaimDeps {
  db: Database;
  queues: DeliveryQueues;
  graceMs: number;
  metrics: SchedulerMetrics;
}

/** Deliveries per statement, and statements per lane and turn: a lost backlog comes back at 10,000 a second. */
const RING_LIMIT = 2000;
const MAX_ROUNDS = 5;

/**
 * One turn of the relay: for each lane, ring again for what is due and has no job, and settle what a worker left behind.
 * When Redis is away nothing is changed, so that nothing counts as rung that was not.
 */
export async function relayTurn(deps: RelayDeps, signal: AbortSignal): Promise<void> {
  if (!deps.queues.available) return;
  for (const channel of CHANNELS) {
    for (const lane of LANES) {
      if (signal.aborted) return;
      await relayLane(deps, channel, lane, signal);
    }
  }
}

async function relayLane(deps: RelayDeps, channel: Channel, lane: Lane, signal: AbortSignal): Promise<void> {
  const figures = await deps.queues.figures(channel, lane);
  const head = await findLaneHead(deps.db, figures.headIds);
  expose(deps.metrics, figures, head);
  // Jobs wait, but what they rang for was canceled or is done: a worker clears them away, then the head is known again.
  if (figures.headIds.length > 0 && head.headDueAt === null) return;
  const upTo = head.headDueAt ?? head.now;
  await recoverLostClaims(deps, { channel, lane, upTo });
  await ringLost(deps, { channel, lane, before: new Date(upTo.getTime() - deps.graceMs) }, signal);
}

async function ringLost(
  deps: RelayDeps,
  lane: { channel: Channel; lane: Lane; before: Date },
  signal: AbortSignal,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS && !signal.aborted; round += 1) {
    const lost = await ringOverdue(deps.db, { ...lane, limit: RING_LIMIT });
    if (lost.length === 0) return;
    await deps.queues.ring(lost);
    deps.metrics.rescued.inc({ channel: lane.channel, lane: lane.lane }, lost.length);
    if (lost.length < RING_LIMIT) return;
  }
}

function expose(metrics: SchedulerMetrics, figures: LaneFigures, head: LaneHead): void {
  const { channel, lane, waiting, delayed, active } = figures;
  for (const [state, count] of Object.entries({ waiting, delayed, active })) {
    metrics.jobs.set({ channel, lane, state }, count);
  }
  const age = head.headDueAt ? Math.max(0, head.now.getTime() - head.headDueAt.getTime()) / 1000 : 0;
  metrics.oldestAge.set({ channel, lane }, age);
}
