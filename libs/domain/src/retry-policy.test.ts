import { CHANNELS } from '@herald/contracts';
import fc from 'fast-check';
import { decideRetry, RETRY_POLICIES, type RetryInput, type RetryPolicy } from './retry-policy';

const HOUR = 3_600_000;
const policy: RetryPolicy = {
  maxAttempts: 5,
  baseMs: 1000,
  capMs: 60_000,
  budgetMs: HOUR,
  retryAfterCapMs: 600_000,
};
const first: RetryInput = { attempts: 1, firstDueAt: 0, now: 0, random: 0.5 };

const duration = fc.integer({ min: 1, max: 48 * HOUR });
const anyPolicy: fc.Arbitrary<RetryPolicy> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 100 }),
  baseMs: duration,
  capMs: duration,
  budgetMs: duration,
  retryAfterCapMs: duration,
});
const anyInput: fc.Arbitrary<RetryInput> = fc.record(
  {
    attempts: fc.integer({ min: 1, max: 120 }),
    firstDueAt: fc.integer({ min: 0, max: 4e12 }),
    now: fc.integer({ min: 0, max: 4e12 }),
    retryAfterMs: fc.oneof(duration, fc.integer({ min: -HOUR, max: 0 })),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  },
  { requiredKeys: ['attempts', 'firstDueAt', 'now', 'random'] },
);

describe('decideRetry', () => {
  it('doubles the upper bound with each attempt, up to the cap', () => {
    const delays = [1, 2, 3, 4].map((attempts) =>
      decideRetry(policy, { ...first, attempts, random: 0.999999 }),
    );
    expect(delays).toEqual([1000, 2000, 4000, 8000].map((delayMs) => ({ retry: true, delayMs })));
    const patient = { ...policy, maxAttempts: 100 };
    for (const attempts of [7, 50, 99]) {
      expect(decideRetry(patient, { ...first, attempts, random: 0.999999 })).toEqual({
        retry: true,
        delayMs: 60_000,
      });
    }
  });

  it('draws the delay evenly from nothing to its bound', () => {
    expect(decideRetry(policy, { ...first, random: 0 })).toEqual({ retry: true, delayMs: 0 });
    expect(decideRetry(policy, { ...first, random: 0.25 })).toEqual({ retry: true, delayMs: 250 });
  });

  it('stops after the last attempt and after the time budget', () => {
    expect(decideRetry(policy, { ...first, attempts: 5 })).toEqual({
      retry: false,
      reason: 'retries_exhausted',
    });
    expect(decideRetry(policy, { ...first, now: HOUR - 400 })).toEqual({
      retry: false,
      reason: 'time_budget_exhausted',
    });
    expect(decideRetry(policy, { ...first, now: HOUR - 500 })).toEqual({ retry: true, delayMs: 500 });
  });

  it('waits as long as a Retry-After asks, up to its cap', () => {
    expect(decideRetry(policy, { ...first, retryAfterMs: 90_000 })).toEqual({ retry: true, delayMs: 90_000 });
    expect(decideRetry(policy, { ...first, retryAfterMs: 24 * HOUR })).toEqual({
      retry: true,
      delayMs: 600_000,
    });
    expect(decideRetry(policy, { ...first, retryAfterMs: -1 })).toEqual({ retry: true, delayMs: 500 });
  });

  it('keeps every delay within its bounds, for any policy', () => {
    fc.assert(
      fc.property(anyPolicy, anyInput, (any, input) => {
        const decision = decideRetry(any, input);
        if (!decision.retry) return;
        const asked = Math.min(Math.max(input.retryAfterMs ?? 0, 0), any.retryAfterCapMs);
        expect(decision.delayMs).toBeGreaterThanOrEqual(asked);
        expect(decision.delayMs).toBeLessThanOrEqual(Math.max(any.capMs, asked));
        expect(decision.delayMs).toBeLessThanOrEqual(Math.max(any.baseMs * 2 ** (input.attempts - 1), asked));
        expect(Number.isSafeInteger(decision.delayMs)).toBe(true);
      }),
    );
  });

  it('stops exactly when the attempts or the budget are used up', () => {
    fc.assert(
      fc.property(anyPolicy, anyInput, (any, input) => {
        const decision = decideRetry(any, input);
        const lastMoment = input.firstDueAt + any.budgetMs;
        if (input.attempts >= any.maxAttempts) {
          expect(decision).toEqual({ retry: false, reason: 'retries_exhausted' });
        } else if (decision.retry) {
          expect(input.now + decision.delayMs).toBeLessThanOrEqual(lastMoment);
        } else {
          const longest = Math.max(any.capMs, Math.min(input.retryAfterMs ?? 0, any.retryAfterCapMs));
          expect(decision.reason).toBe('time_budget_exhausted');
          expect(input.now + longest).toBeGreaterThan(lastMoment);
        }
      }),
    );
  });
});

describe('RETRY_POLICIES', () => {
  it.each(CHANNELS)('can use all attempts of %s within the budget', (channel) => {
    const of = RETRY_POLICIES[channel];
    let elapsed = 0;
    for (let attempts = 1; attempts < of.maxAttempts; attempts += 1) {
      const decision = decideRetry(of, { attempts, firstDueAt: 0, now: elapsed, random: 0.999999 });
      if (!decision.retry) throw new Error(`${channel}: ${decision.reason} after ${attempts} attempts`);
      elapsed += decision.delayMs;
    }
    expect(elapsed).toBeLessThanOrEqual(of.budgetMs);
    expect(of.retryAfterCapMs).toBeLessThan(of.budgetMs);
  });
});
