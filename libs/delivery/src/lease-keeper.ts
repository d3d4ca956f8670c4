import { type Database, extendLeases } from '@herald/db';
import { type Logger } from '@herald/platform';

interface Held {
  claim: number;
  /** By the monotonic clock: also right when the process was stopped for a while. */
  until: number;
}

/**
 * Knows which claims this process holds and keeps their leases from running out. A lease counts from before the
 * statement that took it, so this side always gives up first.
 */
export class LeaseKeeper {
  private readonly held = new Map<string, Held>();
  private readonly timer: NodeJS.Timeout;
  private extending = false;

  constructor(
    private readonly db: Database,
    readonly leaseMs: number,
    private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => void this.extend(), leaseMs / 3);
    this.timer.unref();
  }

  hold(id: string, claim: number, claimStartedAt: number): void {
    this.held.set(id, { claim, until: claimStartedAt + this.leaseMs });
  }

  /** Whether a provider may be called now: the lease holds for at least a fifth of its length. */
  isSafe(id: string): boolean {
    const held = this.held.get(id);
    return held !== undefined && performance.now() < held.until - this.leaseMs / 5;
  }

  /** Not a later claim of the same delivery, which this process may hold by now. */
  release(id: string, claim: number): void {
    if (this.held.get(id)?.claim === claim) this.held.delete(id);
  }

  get size(): number {
    return this.held.size;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async extend(): Promise<void> {
    if (this.extending || this.held.size === 0) return;
    this.extending = true;
    const startedAt = performance.now();
    const asked = [...this.held].map(([id, { claim }]) => ({ id, claim }));
    try {
      const still = await extendLeases(this.db, asked, this.leaseMs);
      for (const { id, claim } of asked) {
        const held = this.held.get(id);
        if (held?.claim === claim && still.has(id)) held.until = startedAt + this.leaseMs;
      }
    } catch (error) {
      this.logger.warn({ err: error, leases: asked.length }, 'leases cannot be extended');
    } finally {
      this.extending = false;
    }
  }
}
