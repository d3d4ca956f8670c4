export interface SocketLimitsOptions {
  maxPerRecipient: number;
  maxPerTenant: number;
}

/** Counts the sockets of this process by recipient and by tenant. */
export class SocketLimits {
  private readonly byFeed = new Map<string, number>();
  private readonly byTenant = new Map<string, number>();

  constructor(private readonly options: SocketLimitsOptions) {}

  /** Takes a place, or says which limit is reached. */
  enter(tenantId: string, feedKey: string): 'ok' | 'recipient' | 'tenant' {
    const ofFeed = this.byFeed.get(feedKey) ?? 0;
    const ofTenant = this.byTenant.get(tenantId) ?? 0;
    if (ofFeed >= this.options.maxPerRecipient) return 'recipient';
    if (ofTenant >= this.options.maxPerTenant) return 'tenant';
    this.byFeed.set(feedKey, ofFeed + 1);
    this.byTenant.set(tenantId, ofTenant + 1);
    return 'ok';
  }

  leave(tenantId: string, feedKey: string): void {
    decrement(this.byFeed, feedKey);
    decrement(this.byTenant, tenantId);
  }

  /** Tenants that have sockets here. */
  tenants(): string[] {
    return [...this.byTenant.keys()];
  }
}

function decrement(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
