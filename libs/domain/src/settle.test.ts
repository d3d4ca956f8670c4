import { canTransition, DELIVERY_POLICIES, REASONS } from '@herald/contracts';
import fc from 'fast-check';
import { type SendOutcome } from './send-outcome';
import { MAX_REDIS_DELAY_MS, type Postponement, postpone, type SettleInput, settle } from './settle';

const retryPolicy = {
  maxAttempts: 5,
  baseMs: 1000,
  capMs: 600_000,
  budgetMs: 86_400_000,
  retryAfterCapMs: 3_600_000,
};
const now = 1_900_000_000_000;

function input(outcome: SendOutcome, over: Partial<SettleInput> = {}): SettleInput {
  return {
    outcome,
    deliveryPolicy: 'at_least_once',
    alternative: false,
    retryPolicy,
    attempts: 1,
    firstDueAt: now,
    expiresAt: undefined,
    now,
    random: 0.5,
    ...over,
  };
}

const failed = { reason: 'provider_unavailable', code: 'http_503' } as const;

const anyOutcome: fc.Arbitrary<SendOutcome> = fc.oneof(
  fc.record({ outcome: fc.constant('accepted' as const) }),
  fc.record({
    outcome: fc.constant('retry' as const),
    retryAfterMs: fc.option(fc.integer({ min: -1000, max: 1e9 }), { nil: undefined }),
    reason: fc.constant('rate_limited' as const),
    code: fc.constant('http_429'),
  }),
  fc.record({
    outcome: fc.constant('permanent-address' as const),
    suppress: fc.constantFrom(undefined, 'bounce' as const, 'endpoint_gone' as const),
    reason: fc.constant('invalid_address' as const),
    code: fc.constant('smtp_550_5.1.1'),
  }),
  fc.record({
    outcome: fc.constantFrom('permanent-content' as const, 'config-halt' as const, 'ambiguous' as const),
    reason: fc.constantFrom(
      'content_rejected' as const,
      'provider_misconfigured' as const,
      'timed_out' as const,
    ),
    code: fc.constant('code'),
  }),
);
const anyInput: fc.Arbitrary<SettleInput> = fc
  .record({
    outcome: anyOutcome,
    deliveryPolicy: fc.constantFrom(...DELIVERY_POLICIES),
    alternative: fc.boolean(),
    attempts: fc.integer({ min: 1, max: 8 }),
    firstDueAt: fc.integer({ min: now - 1e8, max: now }),
    expiresAt: fc.option(fc.integer({ min: now, max: now + 1e8 }), { nil: undefined }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map((over) => input(over.outcome, over));

describe('settle', () => {
  it.each<[string, SendOutcome, object]>([
    ['accepted', { outcome: 'accepted' }, { state: 'sent' }],
    [
      'a bad address',
      { outcome: 'permanent-address', suppress: 'bounce', reason: 'invalid_address', code: 'x' },
      { state: 'failed', reason: 'invalid_address', suppress: 'bounce' },
    ],
    [
      'a bad address that is not suppressed',
      { outcome: 'permanent-address', reason: 'opted_out', code: 'x' },
      { state: 'failed', reason: 'opted_out' },
    ],
    [
      'refused content',
      { outcome: 'permanent-content', reason: 'content_rejected', code: 'x' },
      { state: 'dead', reason: 'content_rejected' },
    ],
    [
      'refused credentials',
      { outcome: 'config-halt', reason: 'provider_misconfigured', code: 'x' },
      { state: 'dead', reason: 'provider_misconfigured' },
    ],
    [
      'a temporary failure',
      { outcome: 'retry', ...failed },
      { state: 'queued', reason: 'retry_scheduled', delayMs: 500 },
    ],
    [
      'an unknown outcome',
      { outcome: 'ambiguous', reason: 'timed_out', code: 'x' },
      { state: 'queued', reason: 'retry_scheduled', delayMs: 500 },
    ],
  ])('%s', (_name, outcome, settlement) => {
    expect(settle(input(outcome))).toEqual(settlement);
  });

  it('leaves long waits to Postgres and short ones to Redis', () => {
    const after = (retryAfterMs: number) => settle(input({ outcome: 'retry', retryAfterMs, ...failed }));
    expect(after(MAX_REDIS_DELAY_MS)).toMatchObject({ state: 'queued', delayMs: MAX_REDIS_DELAY_MS });
    expect(after(MAX_REDIS_DELAY_MS + 1)).toMatchObject({
      state: 'scheduled',
      delayMs: MAX_REDIS_DELAY_MS + 1,
    });
  });

  it('does not wait for an attempt that would come after the expiry', () => {
    const expiring = (expiresAt: number) => settle(input({ outcome: 'retry', ...failed }, { expiresAt }));
    expect(expiring(now + 500)).toEqual({ state: 'expired', reason: 'expired' });
    expect(expiring(now + 501)).toMatchObject({ state: 'queued', delayMs: 500 });
  });

  it('says why it gave up', () => {
    const retry = { outcome: 'retry', ...failed } as const;
    expect(settle(input(retry, { attempts: 5 }))).toEqual({ state: 'dead', reason: 'retries_exhausted' });
    expect(settle(input(retry, { firstDueAt: now - 86_400_000 }))).toEqual({
      state: 'dead',
      reason: 'time_budget_exhausted',
    });
  });

  it('ends every outcome in a state that `sending` may become, with a known reason', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const { state, reason, delayMs } = settle(any);
        expect(canTransition('sending', state)).toBe(true);
        if (reason !== undefined) expect(REASONS).toHaveProperty(reason);
        expect(reason === undefined).toBe(state === 'sent');
        expect(delayMs !== undefined).toBe(state === 'queued' || state === 'scheduled');
      }),
    );
  });

  it('calls a delivery sent exactly when the provider accepted it', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        expect(settle(any).state === 'sent').toBe(any.outcome.outcome === 'accepted');
      }),
    );
  });

  it('never tries an unknown outcome again under at_most_once', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        fc.pre(any.outcome.outcome === 'ambiguous');
        expect(settle({ ...any, deliveryPolicy: 'at_most_once' })).toEqual({
          state: 'dead',
          reason: 'outcome_unknown',
        });
      }),
    );
  });

  it('suppresses an address only for what the provider says of the address', () => {
    fc.assert(
      fc.property(anyInput, (any) => {
        const { suppress } = settle(any);
        const { outcome } = any;
        expect(suppress).toBe(outcome.outcome === 'permanent-address' ? outcome.suppress : undefined);
      }),
    );
  });
});

describe('settle, with another provider left', () => {
  const other = (outcome: SendOutcome, over: Partial<SettleInput> = {}) =>
    settle(input(outcome, { alternative: true, ...over }));
  const byAnother = { state: 'queued', reason: 'failed_over', delayMs: 0, failover: true };

  it('goes on at once when the provider failed, or is asked too much, or refuses our credentials', () => {
    for (const reason of ['provider_unavailable', 'timed_out', 'rate_limited'] as const)
      expect(other({ outcome: 'retry', reason, code: 'x', retryAfterMs: 60_000 })).toEqual(byAnother);
    expect(other({ outcome: 'config-halt', reason: 'provider_misconfigured', code: 'x' })).toEqual(byAnother);
  });

  it('goes on after an unknown outcome only when it may be sent twice', () => {
    const unknown = { outcome: 'ambiguous', reason: 'timed_out', code: 'x' } as const;
    expect(other(unknown)).toEqual(byAnother);
    expect(other(unknown, { deliveryPolicy: 'at_most_once' })).toMatchObject({ state: 'dead' });
  });

  it('does not go on with what is of the address or the content', () => {
    const of = (outcome: SendOutcome) => other(outcome).failover;
    expect(of({ outcome: 'retry', reason: 'temporary_failure', code: 'x' })).toBeUndefined();
    expect(of({ outcome: 'permanent-address', reason: 'invalid_address', code: 'x' })).toBeUndefined();
    expect(of({ outcome: 'permanent-content', reason: 'content_rejected', code: 'x' })).toBeUndefined();
    expect(of({ outcome: 'accepted' })).toBeUndefined();
  });

  it('is not counted, but ends with its time', () => {
    const retry = { outcome: 'retry', ...failed } as const;
    expect(other(retry, { attempts: 5 })).toEqual(byAnother);
    expect(other(retry, { expiresAt: now })).toEqual({ state: 'expired', reason: 'expired' });
  });
});

describe('postpone', () => {
  const put = (over: Partial<Postponement> = {}) =>
    postpone({
      reason: 'breaker_open',
      delayMs: 1000,
      budgetMs: 10_000,
      firstDueAt: now,
      expiresAt: undefined,
      now,
      ...over,
    });

  it('waits in Redis or in Postgres, with the reason', () => {
    expect(put()).toEqual({ state: 'queued', reason: 'breaker_open', delayMs: 1000 });
    const long = { delayMs: MAX_REDIS_DELAY_MS + 1, budgetMs: 1e9, reason: 'provider_limit' } as const;
    expect(put(long)).toEqual({
      state: 'scheduled',
      reason: 'provider_limit',
      delayMs: MAX_REDIS_DELAY_MS + 1,
    });
  });

  it('does not wait beyond its time', () => {
    expect(put({ delayMs: 10_001 })).toEqual({ state: 'dead', reason: 'time_budget_exhausted' });
    expect(put({ expiresAt: now + 1000 })).toEqual({ state: 'expired', reason: 'expired' });
  });
});
