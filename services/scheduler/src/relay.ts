import { CHANNELS, type Channel, LANES, type Lane } from '@herald/contracts';
import { type Database, findDueTenants, findHeads, ringOverdue, type TenantBound } from '@herald/db';
import { type DeliveryQueues, type LaneFigures, type Payload } from '@herald/queue';
import { type ClaimPatience } from './claim-patience';
import { type LostClaimDeps, recoverLostClaims } from './lost-claims';
import { type SchedulerMetrics } from './metrics';

export interface RelayDeps extends LostClaimDeps {
  db: Database;
  queues: DeliveryQueues;
  graceMs: number;
  patience: ClaimPatience;
  metrics: SchedulerMetrics;
}

/** Deliveries per statement, and statements per lane and turn: a lost backlog comes back at 10,000 a second. */
const RING_LIMIT = 2000;
const MAX_ROUNDS = 5;

/**
 * One turn of the relay: for each lane, add the tickets that what waits there lacks, ring again for what is due and waits
 * nowhere, and settle what a worker left behind.
 * When Redis is away nothing is changed, so that nothing counts as rung that was not.
 */
export async function relayTurn(deps: RelayDeps, signal: AbortSignal): Promise<void> {
  if (!deps.queues.available) return;
  try {
    for (const channel of CHANNELS) {
      for (const lane of LANES) {
        if (signal.aborted) return;
        await relayLane(deps, channel, lane, signal);
      }
    }
  } catch (error) {
    deps.patience.saw(error);
    throw error;
  }
}

async function relayLane(deps: RelayDeps, channel: Channel, lane: Lane, signal: AbortSignal): Promise<void> {
  const figures = await deps.queues.figures(channel, lane);
  deps.metrics.ticketsAdded.inc({ channel, lane }, await deps.queues.addMissingTickets(figures));
  const { now, tenantIds } = await findDueTenants(deps.db, { channel, lane });
  const waiting = await deps.queues.heads(channel, lane, tenantIds);
  const heads = await findHeads(deps.db, waiting);
  expose(deps.metrics, figures, { now, heads });
  const bounds = boundsOf(now, tenantIds, { waiting, heads });
  if (bounds.length === 0) return;
  if (deps.patience.isOver) await recoverLostClaims(deps, { channel, lane, bounds });
  const lost = bounds.map(({ tenantId, before }) => ({
    tenantId,
    before: new Date(before.getTime() - deps.graceMs),
  }));
  await ringLost(deps, { channel, lane, bounds: lost }, signal);
}

/**
 * Up to when each tenant's deliveries cannot be waiting in Redis: to the head of its list, or to now when it has none. A
 * tenant whose head was canceled or is done is left out: a worker clears it away, then the head is known again.
 */
function boundsOf(
  now: Date,
  tenantIds: readonly string[],
  { waiting, heads }: { waiting: readonly Payload[]; heads: ReadonlyMap<string, Date> },
): TenantBound[] {
  const withList = new Set(waiting.map(({ tenantId }) => tenantId));
  return tenantIds.flatMap((tenantId) => {
    const before = withList.has(tenantId) ? heads.get(tenantId) : now;
    return before ? [{ tenantId, before }] : [];
  });
}

async function ringLost(
  deps: RelayDeps,
  lane: { channel: Channel; lane: Lane; bounds: readonly TenantBound[] },
  signal: AbortSignal,
): Promise<void> {
  let bounds = lane.bounds;
  for (let round = 0; round < MAX_ROUNDS && bounds.length > 0 && !signal.aborted; round += 1) {
    // Equal shares, then what the others leave: nobody's backlog waits until that of another tenant is back.
    const share = Math.ceil(RING_LIMIT / bounds.length);
    const lost = await ringOverdue(deps.db, { ...lane, bounds, share });
    if (lost.length > 0) await deps.queues.ring(lost);
    deps.metrics.rescued.inc({ channel: lane.channel, lane: lane.lane }, lost.length);
    const counts = new Map<string, number>();
    for (const { tenantId } of lost) counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
    bounds = bounds.filter(({ tenantId }) => counts.get(tenantId) === share);
  }
}

function expose(
  metrics: SchedulerMetrics,
  { channel, lane, waiting, delayed, active, deliveries }: LaneFigures,
  { now, heads }: { now: Date; heads: ReadonlyMap<string, Date> },
): void {
  for (const [state, count] of Object.entries({ waiting, delayed, active }))
    metrics.jobs.set({ channel, lane, state }, count);
  metrics.deliveries.set({ channel, lane }, deliveries);
  let oldest = now.getTime();
  for (const dueAt of heads.values()) oldest = Math.min(oldest, dueAt.getTime());
  metrics.oldestAge.set({ channel, lane }, (now.getTime() - oldest) / 1000);
}
