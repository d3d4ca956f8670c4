/** How much one tenant may have, as a multiple of what is left: alone two thirds, and whoever comes next finds some. */
const SHARE = 2;

/** Something limited that tenants share, such as memory: none has more than its share of what the others leave. */
export class FairBudget {
  private readonly taken = new Map<string, number>();
  private left: number;

  constructor(size: number) {
    this.left = size;
  }

  /** Takes an amount for a tenant, or nothing: false when there is too little left for it. */
  tryTake(tenantId: string, amount: number): boolean {
    const own = this.taken.get(tenantId) ?? 0;
    if (amount > this.left || own >= SHARE * this.left) return false;
    this.left -= amount;
    this.taken.set(tenantId, own + amount);
    return true;
  }

  giveBack(tenantId: string, amount: number): void {
    const own = (this.taken.get(tenantId) ?? 0) - amount;
    this.left += amount;
    if (own > 0) this.taken.set(tenantId, own);
    else this.taken.delete(tenantId);
  }
}
