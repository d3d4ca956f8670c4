/**
 * How far one tenant may go, as a multiple of the slots that are free (Choudhury and Hahne's dynamic threshold): alone it
 * gets two thirds of them, and whoever comes next finds some free, however slow the first one's provider is.
 */
const ALPHA = 2;

interface TenantWork {
  id: string;
  /** Taken from the queue and not finished: running, waiting here, or still being claimed. */
  inWork: number;
  running: number;
  waiting: (() => Promise<void>)[];
}

/**
 * The calls that a lane makes at once, shared by its tenants: each starts in turn, and none takes more than its share of
 * what is free. Also says whose work may be taken from the queue: no more than can be begun soon.
 */
export class FairSlots {
  private readonly tenants = new Map<string, TenantWork>();
  /** Tenants with something waiting; the first is next. */
  private readonly turns: TenantWork[] = [];
  private running = 0;
  private opened = false;

  /**
   * @param size calls at once
   * @param onFinish told whenever there may be room for more
   */
  constructor(
    private size: number,
    private readonly onFinish: () => void,
  ) {}

  /** Whether any more work should be taken. What is stuck behind its own tenant's threshold takes no room. */
  get hasRoom(): boolean {
    let used = 0;
    for (const tenant of this.tenants.values())
      used += Math.max(tenant.running, Math.min(tenant.inWork, this.capOf(tenant)));
    return used < this.size;
  }

  /** Tenants of whom nothing more should be taken. */
  full(): string[] {
    const full: string[] = [];
    for (const tenant of this.tenants.values()) if (tenant.inWork >= this.capOf(tenant)) full.push(tenant.id);
    return full;
  }

  /** Counts work of a tenant that was taken and will be run, or released. */
  reserve(tenantId: string, count: number): void {
    this.tenant(tenantId).inWork += count;
  }

  release(tenantId: string, count: number): void {
    this.leave(this.tenant(tenantId), count);
    this.onFinish();
  }

  /** Runs a task in one of the tenant's turns; resolves when it is done. The task must not reject. */
  run(tenantId: string, task: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const tenant = this.tenant(tenantId);
      tenant.inWork += 1;
      tenant.waiting.push(() => task().then(resolve, reject));
      if (tenant.waiting.length === 1) this.turns.push(tenant);
      this.start();
    });
  }

  /** Changes how many calls are made at once; those under way go on. */
  resize(size: number): void {
    this.size = size;
    this.start();
    this.onFinish();
  }

  /** From now on everything starts at once. */
  open(): void {
    this.opened = true;
    this.start();
  }

  private start(): void {
    let passed = 0;
    while (passed < this.turns.length && (this.opened || this.running < this.size)) {
      const tenant = this.turns.shift() as TenantWork;
      if (this.mayStart(tenant)) {
        void this.runNext(tenant);
        passed = 0;
      } else passed += 1;
      if (tenant.waiting.length > 0) this.turns.push(tenant);
    }
  }

  private mayStart(tenant: TenantWork): boolean {
    return this.opened || tenant.running < this.capOf(tenant);
  }

  /**
   * The most that a tenant may have running beside what the others have: r < ALPHA x free with free = size - others - r,
   * solved for r; at least 1.
   */
  private capOf({ running }: TenantWork): number {
    const forIt = this.size - (this.running - running);
    return Math.max(1, Math.ceil((ALPHA * forIt) / (1 + ALPHA)));
  }

  private async runNext(tenant: TenantWork): Promise<void> {
    const task = tenant.waiting.shift() as () => Promise<void>;
    tenant.running += 1;
    this.running += 1;
    await task();
    tenant.running -= 1;
    this.running -= 1;
    this.leave(tenant, 1);
    this.start();
    this.onFinish();
  }

  private tenant(id: string): TenantWork {
    const known = this.tenants.get(id);
    if (known) return known;
    const tenant: TenantWork = { id, inWork: 0, running: 0, waiting: [] };
    this.tenants.set(id, tenant);
    return tenant;
  }

  private leave(tenant: TenantWork, count: number): void {
    tenant.inWork -= count;
    if (tenant.inWork === 0) this.tenants.delete(tenant.id);
  }
}
