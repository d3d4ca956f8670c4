import { type ClaimedDelivery, claimDeliveries, type Database } from '@herald/db';
import { Coalescer } from '@herald/platform';

/** What one job got: its claimed deliveries, and when the claim began by the monotonic clock. */
export interface Claim {
  claimed: ClaimedDelivery[];
  startedAt: number;
}

const MAX_BATCH = 200;
const MAX_IN_FLIGHT = 2;

/**
 * Claims for the jobs of a worker. Jobs that come at the same time share a statement: its fixed cost is several times
 * that of a row.
 */
export class Claimer {
  private readonly coalescer: Coalescer<readonly string[], Claim>;

  constructor(
    private readonly db: Database,
    private readonly leaseMs: number,
  ) {
    this.coalescer = new Coalescer((jobs) => this.claim(jobs), {
      maxBatch: MAX_BATCH,
      maxInFlight: MAX_IN_FLIGHT,
      weightOf: (ids) => ids.length,
    });
  }

  /** Claims the ids that are queued and due. Rejects when Postgres is away; then nothing was claimed. */
  take(ids: readonly string[]): Promise<Claim> {
    return this.coalescer.submit(ids);
  }

  private async claim(jobs: readonly (readonly string[])[]): Promise<Claim[]> {
    const startedAt = performance.now();
    const claimed = await claimDeliveries(this.db, jobs.flat(), this.leaseMs);
    const byId = new Map(claimed.map((delivery) => [delivery.id, delivery]));
    return jobs.map((ids) => ({ startedAt, claimed: ids.flatMap((id) => takeFrom(byId, id)) }));
  }
}

/** Each claimed delivery goes to one job, also when two jobs of a batch carry the same id. */
function takeFrom(byId: Map<string, ClaimedDelivery>, id: string): ClaimedDelivery[] {
  const delivery = byId.get(id);
  byId.delete(id);
  return delivery ? [delivery] : [];
}
