import { type BreakerSetting } from '@herald/contracts';
import { type SendOutcome } from '@herald/domain';
import { type BoardState } from '@herald/queue';
import {
  BrokenCircuitError,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  handleWhenResult,
  IterableBackoff,
} from 'cockatiel';
import { LRUCache } from 'lru-cache';

/** Where workers tell each other; see `BreakerBoard` of the queue library. */
export interface Board {
  read(keys: readonly string[]): Promise<Map<string, BoardState>>;
  open(key: string, ms: number): Promise<void>;
  close(key: string): Promise<void>;
  tryProbe(key: string): Promise<boolean>;
  releaseProbe(key: string): Promise<void>;
}

/** What a breaker guards: a provider, or one of the many places that it sends to. */
export interface Guarded {
  key: string;
  setting: BreakerSetting;
}

export interface BreakersOptions {
  board: Board;
  /** It opened, after this failure and for this long, or closed again. */
  onChange(key: string, change: { open: true; code: string; forMs: number } | { open: false }): void;
  /** The board could not be reached: each worker goes by what it sees itself. */
  onBoardFailure(error: unknown): void;
  now(): number;
}

/** Whether a message may go: as usual, as the one that tries a suspect, or not yet. */
export type Admission =
  | { kind: 'free' }
  | { kind: 'watched' }
  | { kind: 'probe' }
  | { kind: 'open'; forMs: number };

type Breaker = ReturnType<typeof createPolicy> & { openUntil: number };

/** More than half of the last 20 calls failed, of 5 at least. */
const CALLS = { size: 20, threshold: 0.5, minimumNumberOfCalls: 5 } as const;
/** Left alone for longer each time that the try after it fails, too. */
const OPEN_MS = [5000, 10_000, 20_000, 40_000, 60_000] as const;
/** How old what is known of the board may be. */
const BOARD_AGE_MS = 500;
/** While someone else tries a suspect, the others ask again after this. */
const ASK_AGAIN_MS = 1000;
const MAX_BREAKERS = 20_000;
/** Keys that are asked about at the board at once; further ones wait for the next time. */
const MAX_ASKED = 1000;

/**
 * Circuit breakers of everything that this worker sends to. A breaker opens by what this worker sees; the others are told
 * through the board, and once the time is over one message of one worker tries, and closes it for all. When the board is
 * away each goes by itself.
 */
export class Breakers {
  private readonly breakers = new LRUCache<string, Breaker>({ max: MAX_BREAKERS });
  /** Until when the board said that a breaker is open; one whose time is over is a suspect. */
  private readonly board = new LRUCache<string, number>({ max: MAX_BREAKERS });
  private readonly asked = new Set<string>();
  private readAt = Number.NEGATIVE_INFINITY;
  private reading = false;

  constructor(private readonly options: BreakersOptions) {}

  /** Whether a message may go now. Whoever gets leave uses it with `run`. */
  async admit({ key, setting }: Guarded): Promise<Admission> {
    if (setting !== 'auto')
      return setting === 'closed' ? { kind: 'free' } : { kind: 'open', forMs: ASK_AGAIN_MS };
    const told = this.boardState(key);
    const waitMs = this.waitMs(key, told);
    if (waitMs > 0) return { kind: 'open', forMs: waitMs };
    if (told?.kind !== 'suspect' && !this.isTripped(key)) return { kind: 'watched' };
    return (await this.mayProbe(key)) ? { kind: 'probe' } : { kind: 'open', forMs: ASK_AGAIN_MS };
  }

  /** Whether `admit` would let a message through, as far as this worker knows without asking. */
  seemsOpen({ key, setting }: Guarded): boolean {
    return setting === 'open' || (setting === 'auto' && this.waitMs(key, this.boardState(key)) > 0);
  }

  /** Calls the provider and lets the breaker see what comes of it. */
  async run(key: string, admission: Admission, call: () => Promise<SendOutcome>): Promise<SendOutcome> {
    if (admission.kind === 'free') return call();
    const breaker = this.breakerOf(key);
    let outcome: SendOutcome | undefined;
    try {
      const watched = await breaker.policy.execute(async () => (outcome = await call()));
      if (admission.kind === 'probe') await this.afterProbe(key, watched);
      return watched;
    } catch (error) {
      // It opened between the leave and the call: what had leave goes all the same, for it is one message.
      if (error instanceof BrokenCircuitError && !outcome) return call();
      if (admission.kind === 'probe') await this.tell(() => this.options.board.releaseProbe(key));
      throw error;
    }
  }

  /** Gives leave back that was not used. */
  async giveBack(key: string, admission: Admission): Promise<void> {
    if (admission.kind === 'probe') await this.tell(() => this.options.board.releaseProbe(key));
  }

  private waitMs(key: string, told: BoardState | undefined): number {
    const own = (this.breakers.get(key)?.openUntil ?? 0) - this.options.now();
    return Math.max(own, told?.kind === 'open' ? told.forMs : 0, 0);
  }

  private isTripped(key: string): boolean {
    const state = this.breakers.get(key)?.policy.state;
    return state === CircuitState.Open || state === CircuitState.HalfOpen;
  }

  private async mayProbe(key: string): Promise<boolean> {
    if (this.breakers.get(key)?.policy.state === CircuitState.HalfOpen) return false;
    try {
      return await this.options.board.tryProbe(key);
    } catch (error) {
      this.options.onBoardFailure(error);
      return true;
    }
  }

  /** A probe that went well closes it for all, also where it was another worker that had opened it. */
  private async afterProbe(key: string, outcome: SendOutcome): Promise<void> {
    const { board } = this.options;
    if (isFailure(outcome)) {
      // One that this worker had not opened itself did not open by a single failure.
      const forMs = OPEN_MS[0];
      if (!this.isTripped(key)) await this.tell(() => board.open(key, forMs));
      await this.tell(() => board.releaseProbe(key));
      return;
    }
    const known = this.board.delete(key);
    await this.tell(() => board.close(key));
    if (known) this.options.onChange(key, { open: false });
  }

  private breakerOf(key: string): Breaker {
    const known = this.breakers.get(key);
    if (known) return known;
    const breaker: Breaker = { ...createPolicy(), openUntil: 0 };
    let opened = 0;
    breaker.policy.onBreak((failure) => {
      const forMs = OPEN_MS[Math.min(opened, OPEN_MS.length - 1)] as number;
      opened += 1;
      breaker.openUntil = this.options.now() + forMs;
      const outcome = 'value' in failure ? (failure.value as SendOutcome) : undefined;
      const code = outcome && 'code' in outcome ? (outcome.code ?? 'unknown') : 'unknown';
      this.options.onChange(key, { open: true, code, forMs });
      void this.tell(() => this.options.board.open(key, forMs));
    });
    breaker.policy.onReset(() => {
      opened = 0;
      breaker.openUntil = 0;
      this.board.delete(key);
      this.options.onChange(key, { open: false });
    });
    this.breakers.set(key, breaker);
    return breaker;
  }

  /** What the board said lately. Asks anew behind it, for all that were asked about meanwhile. */
  private boardState(key: string): BoardState | undefined {
    if (this.asked.size < MAX_ASKED) this.asked.add(key);
    if (!this.reading && this.options.now() - this.readAt > BOARD_AGE_MS) void this.readBoard();
    const openUntil = this.board.get(key);
    if (openUntil === undefined) return undefined;
    const forMs = openUntil - this.options.now();
    return forMs > 0 ? { kind: 'open', forMs } : { kind: 'suspect' };
  }

  private async readBoard(): Promise<void> {
    this.reading = true;
    const keys = [...this.asked];
    this.asked.clear();
    try {
      const states = await this.options.board.read(keys);
      for (const key of keys) this.board.delete(key);
      const now = this.options.now();
      for (const [key, state] of states) this.board.set(key, state.kind === 'open' ? now + state.forMs : now);
    } catch (error) {
      this.options.onBoardFailure(error);
    } finally {
      this.readAt = this.options.now();
      this.reading = false;
    }
  }

  private async tell(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.options.onBoardFailure(error);
    }
  }
}

function createPolicy() {
  const breaker = new CountBreaker(CALLS);
  return {
    policy: circuitBreaker(
      handleWhenResult((outcome) => isFailure(outcome as SendOutcome)),
      { breaker, halfOpenAfter: new IterableBackoff(OPEN_MS) },
    ),
  };
}

/** The provider's fault. Not that it asks to go slower, and nothing about a message or an address. */
export function isFailure(outcome: SendOutcome): boolean {
  if (outcome.outcome === 'config-halt') return !outcome.ofMessage;
  if (outcome.outcome === 'ambiguous') return true;
  return (
    outcome.outcome === 'retry' &&
    (outcome.reason === 'provider_unavailable' || outcome.reason === 'timed_out')
  );
}
