/** What was started, to be stopped in reverse order. */
export class StopList {
  private readonly stops: ((deadlineMs: number) => Promise<void>)[] = [];

  add(stop: (deadlineMs: number) => Promise<void>): void {
    this.stops.push(stop);
  }

  /** Stops everything, the latest first. A part that fails to stop does not keep the others running. */
  async run(deadlineMs: number): Promise<void> {
    const errors: unknown[] = [];
    for (const stop of this.stops.splice(0).reverse()) {
      await stop(deadlineMs).catch((error) => errors.push(error));
    }
    if (errors.length > 0) throw new AggregateError(errors, 'Not everything could be stopped cleanly');
  }
}
