import { overloaded } from '../http/problem-error';

/** Lets a few look-ups run at a time and some wait, in order; refuses the rest as overload. */
export class LookupGate {
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /** @throws ProblemError 503 when too many wait already, and what the work throws */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.maxRunning) this.running += 1;
    else await this.turn();
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  /** Resolves when the place of one that has ended is handed over. */
  private turn(): Promise<void> {
    if (this.waiting.length >= this.maxWaiting) throw overloaded();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
