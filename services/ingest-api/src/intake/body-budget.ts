import { type ServerResponse } from 'node:http';
import { overloaded } from '@herald/platform';

/** One tenant's share of the budget: what it sends, or holds back half-way, must not shut out the others. */
const TENANT_SHARE = 1 / 4;

/**
 * Bounds the memory that bodies under way take. What has come is counted, not what was announced: a request that names a
 * large length, or none, and then sends nothing would take the room of others for the price of a connection.
 */
export class BodyBudget {
  private readonly byTenant = new Map<string, number>();
  private used = 0;

  private readonly maxOfTenant: number;

  /** @param largestBody has always room in a tenant's share */
  constructor(
    private readonly maxBytes: number,
    largestBody: number,
  ) {
    this.maxOfTenant = Math.max(maxBytes * TENANT_SHARE, largestBody);
  }

  /**
   * Opens the account of one request, closed when its answer is done. What it gives is told of each piece that came.
   * @throws (what it gives) ProblemError 503 when there is no room for the piece
   */
  open(tenantId: string, res: ServerResponse): (bytes: number) => void {
    let held = 0;
    res.once('close', () => {
      this.add(tenantId, -held);
      held = 0;
    });
    return (bytes) => {
      if (res.closed) return;
      const ofTenant = (this.byTenant.get(tenantId) ?? 0) + bytes;
      if (this.used + bytes > this.maxBytes || ofTenant > this.maxOfTenant) throw overloaded();
      held += bytes;
      this.add(tenantId, bytes);
    };
  }

  private add(tenantId: string, bytes: number): void {
    this.used += bytes;
    const left = (this.byTenant.get(tenantId) ?? 0) + bytes;
    if (left > 0) this.byTenant.set(tenantId, left);
    else this.byTenant.delete(tenantId);
  }
}
