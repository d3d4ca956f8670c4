import { isUnavailable } from '@herald/platform';

export interface TenantDoorsDeps {
  /** Undefined when there is no such tenant. */
  find(tenantId: string): Promise<{ disabledAt: Date | null } | undefined>;
  now?: () => number;
}

interface Door {
  open: Promise<boolean>;
  askedAt: number;
}

/** How long an answer is believed: the longest time that a disabled tenant's recipients are still let in. */
const KEEP_MS = 5000;
/** Tokens are signed, so that only real tenants are asked for. */
const MAX_KEPT = 10_000;

/** Knows which tenants' recipients are let in: those of tenants that exist and are not disabled. */
export class TenantDoors {
  private readonly doors = new Map<string, Door>();
  private readonly now: () => number;

  constructor(private readonly deps: TenantDoorsDeps) {
    this.now = deps.now ?? Date.now;
  }

  /** @throws what `find` throws, unless the answer is known: then, while the database is away, it is believed longer */
  async isOpen(tenantId: string): Promise<boolean> {
    const known = this.doors.get(tenantId);
    if (known && this.now() - known.askedAt < KEEP_MS) return known.open;
    const asked = { open: this.ask(tenantId), askedAt: this.now() };
    this.doors.delete(tenantId);
    this.doors.set(tenantId, asked);
    if (this.doors.size > MAX_KEPT) this.doors.delete(this.doors.keys().next().value as string);
    try {
      return await asked.open;
    } catch (error) {
      if (this.doors.get(tenantId) === asked) this.doors.delete(tenantId);
      if (!known || !isUnavailable(error)) throw error;
      // The next caller asks again.
      this.doors.set(tenantId, { open: known.open, askedAt: known.askedAt });
      return known.open;
    }
  }

  private async ask(tenantId: string): Promise<boolean> {
    const tenant = await this.deps.find(tenantId);
    return tenant !== undefined && tenant.disabledAt === null;
  }
}
