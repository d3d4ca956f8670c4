import {
  type CallbackToStore,
  type Database,
  type ReceivedCallback,
  type StoredCallback,
  storeCallbacks,
} from '@herald/db';
import { Coalescer, FairBudget, overloaded } from '@herald/platform';

export interface ReceiptInboxDeps {
  db: Database;
  /** Resolves when this process is done with a callback; see `CallbackApplier.apply`. */
  apply(callback: StoredCallback, until: number): Promise<void>;
  /** How long a stored callback is this process' to apply, in milliseconds. */
  holdMs: number;
  /** How many may wait here to be applied; what comes beyond is stored for whoever looks next. */
  maxHeld: number;
}

const MIB = 1024 * 1024;
const MAX_HELD_BYTES = 16 * MIB;
const MAX_STORING_BYTES = 32 * MIB;
/** What a callback without a body takes. */
const OVERHEAD_BYTES = 2048;
const MAX_BATCH_BYTES = 2 * MIB;
const MAX_IN_FLIGHT = 2;

/**
 * Makes callbacks durable, many in one statement when many come, and hands them on to be applied from memory. How much
 * is held is bounded on both ways, and no tenant has it all: too much to store is refused, and too much to apply stays in
 * the table.
 */
export class ReceiptInbox {
  private readonly storing: Coalescer<CallbackToStore, Date>;
  private readonly storingBytes = new FairBudget(MAX_STORING_BYTES);
  private readonly heldBytes = new FairBudget(MAX_HELD_BYTES);
  private readonly held: FairBudget;

  constructor(private readonly deps: ReceiptInboxDeps) {
    this.held = new FairBudget(deps.maxHeld);
    this.storing = new Coalescer(
      async (items) => {
        const receivedAt = await storeCallbacks(deps.db, items);
        return items.map(() => receivedAt);
      },
      {
        maxBatch: MAX_BATCH_BYTES,
        maxInFlight: MAX_IN_FLIGHT,
        weightOf: ({ callback }) => sizeOf(callback),
      },
    );
  }

  /**
   * Resolves when the callback is durable.
   * @throws ProblemError 503 when too much waits to be stored, and the error of the statement
   */
  async take(callback: ReceivedCallback): Promise<void> {
    const { tenantId } = callback;
    const bytes = sizeOf(callback);
    if (!this.storingBytes.tryTake(tenantId, bytes)) throw overloaded();
    const until = performance.now() + safely(this.deps.holdMs);
    const kept = this.hold(tenantId, bytes);
    try {
      const receivedAt = await this.storing.submit({ callback, holdMs: kept ? this.deps.holdMs : 0 });
      if (kept) void this.applyHeld({ ...callback, receivedAt, tries: 1 }, until, bytes);
    } catch (error) {
      if (kept) this.release(tenantId, bytes);
      throw error;
    } finally {
      this.storingBytes.giveBack(tenantId, bytes);
    }
  }

  private async applyHeld(callback: StoredCallback, until: number, bytes: number): Promise<void> {
    await this.deps.apply(callback, until);
    this.release(callback.tenantId, bytes);
  }

  private hold(tenantId: string, bytes: number): boolean {
    if (!this.held.tryTake(tenantId, 1)) return false;
    if (this.heldBytes.tryTake(tenantId, bytes)) return true;
    this.held.giveBack(tenantId, 1);
    return false;
  }

  private release(tenantId: string, bytes: number): void {
    this.held.giveBack(tenantId, 1);
    this.heldBytes.giveBack(tenantId, bytes);
  }
}

/** How much of the time that a callback is held may pass before it is begun: somebody else must not have it by then. */
export function safely(holdMs: number): number {
  return holdMs * 0.8;
}

function sizeOf({ body, url }: ReceivedCallback): number {
  return body.length + url.length + OVERHEAD_BYTES;
}
