import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, shuffled } from '../random';
import { type System, type SystemOptions } from '../system/start-system';
import { type Supervised } from '../system/supervised';

/** A fault, or a series of them, while the load goes on. */
export interface Scenario {
  name: string;
  /** What happens, for the table. */
  title: string;
  system?: Omit<SystemOptions, 'random'>;
  /** Why it cannot be run here, if so. */
  cannotRun?(): string | undefined;
  faults(stage: Stage): Promise<void>;
}

/** What a scenario acts on. */
export class Stage {
  /** When the last fault ended, in milliseconds since 1970. */
  faultEndedAt = Date.now();

  constructor(
    readonly system: System,
    readonly random: Random,
    /** 1 in a long run; a part of it makes faults shorter. */
    private readonly pace: number,
  ) {}

  /** Lets so many seconds pass, or a part of them in a short run. `atLeastMs` keeps what a fault needs to be one. */
  async wait(seconds: number, atLeastMs = 0): Promise<void> {
    await sleep(this.ms(seconds, atLeastMs));
  }

  /** So many seconds in milliseconds, at the pace of the run. */
  ms(seconds: number, atLeastMs = 0): number {
    return Math.max(seconds * 1000 * this.pace, atLeastMs);
  }

  /** One fault from beginning to end. */
  async fault(act: () => Promise<unknown>): Promise<void> {
    await act();
    this.faultEndedAt = Date.now();
  }

  /** All processes of Herald in a random order. */
  processes(): Supervised[] {
    return shuffled(this.system.services, this.random);
  }
}
