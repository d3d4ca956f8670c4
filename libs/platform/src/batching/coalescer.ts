/** Runs one operation for all items of a batch; results in the order of the items. */
export type BatchOperation<T, R> = (items: readonly T[]) => Promise<readonly R[]>;

export interface CoalescerOptions<T> {
  /** Items per batch at most. */
  maxBatch: number;
  /** Batches under way at once. */
  maxInFlight: number;
  /** Items of one key go one after the other, in their order: never in one batch nor in two at once. */
  keyOf?(item: T): string | undefined;
  /** How much of `maxBatch` an item takes; 1 when missing. */
  weightOf?(item: T): number;
}

interface Waiting<T, R> {
  item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Natural batching: what arrives while all slots are busy goes together when one frees. Batches are as large as the
 * load makes them and nothing waits for a timer; measured better than any fixed linger.
 */
export class Coalescer<T, R> {
  private queue: Waiting<T, R>[] = [];
  private inFlight = 0;
  private readonly keysInFlight = new Set<string>();
  private scheduled = false;
  private idle: (() => void)[] = [];

  constructor(
    private readonly operation: BatchOperation<T, R>,
    private readonly options: CoalescerOptions<T>,
  ) {}

  /** Items that wait for a batch. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Resolves with the item's own result; rejects when its batch failed. */
  submit(item: T): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.queue.push({ item, resolve, reject });
      this.schedule();
    });
  }

  /** Rejects everything that waits for a batch; what is under way goes on. */
  rejectWaiting(error: unknown): void {
    for (const waiting of this.queue.splice(0)) waiting.reject(error);
    this.tellIfDrained();
  }

  /** Resolves once nothing waits and nothing is under way. */
  drained(): Promise<void> {
    if (this.queue.length === 0 && this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private schedule(): void {
    if (this.scheduled || this.inFlight >= this.options.maxInFlight) return;
    this.scheduled = true;
    // Whatever else this turn of the event loop brings joins the batch.
    setImmediate(() => {
      this.scheduled = false;
      while (this.inFlight < this.options.maxInFlight) {
        const batch = this.next();
        // Nothing waits, or only what has to wait for its key.
        if (batch.length === 0) return;
        void this.run(batch);
      }
    });
  }

  private next(): Waiting<T, R>[] {
    const { maxBatch, keyOf, weightOf } = this.options;
    const batch: Waiting<T, R>[] = [];
    const later: Waiting<T, R>[] = [];
    let weight = 0;
    let taken = 0;
    for (const waiting of this.queue) {
      const cost = weightOf?.(waiting.item) ?? 1;
      if (batch.length > 0 && weight + cost > maxBatch) break;
      taken += 1;
      const key = keyOf?.(waiting.item);
      if (key !== undefined && this.keysInFlight.has(key)) {
        later.push(waiting);
        continue;
      }
      if (key !== undefined) this.keysInFlight.add(key);
      batch.push(waiting);
      weight += cost;
    }
    this.queue = [...later, ...this.queue.slice(taken)];
    return batch;
  }

  private async run(batch: Waiting<T, R>[]): Promise<void> {
    this.inFlight += 1;
    try {
      const results = await this.operation(batch.map((waiting) => waiting.item));
      for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as R);
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.inFlight -= 1;
      for (const { item } of batch) this.releaseKey(item);
      if (this.queue.length > 0) this.schedule();
      else this.tellIfDrained();
    }
  }

  private releaseKey(item: T): void {
    const key = this.options.keyOf?.(item);
    if (key !== undefined) this.keysInFlight.delete(key);
  }

  private tellIfDrained(): void {
    if (this.queue.length > 0 || this.inFlight > 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }
}
