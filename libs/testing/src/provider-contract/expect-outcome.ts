/// <reference types="jest" />
import { ATTEMPT_OUTCOMES, REASONS } from '@herald/contracts';
import { type SendOutcome } from '@herald/domain';
import { type ExpectedOutcome } from './contract';

/** Holds an outcome against what was expected: nothing that decides may be there without being expected. */
export function expectOutcome(actual: SendOutcome, expected: ExpectedOutcome): void {
  expectWellFormed(actual);
  const seen = actual as ExpectedOutcome;
  const { code, retryAfterMs, ...exact } = expected;
  const { outcome, reason, suppress, ofMessage } = seen;
  expect({ outcome, reason, suppress, ofMessage }).toEqual(exact);
  if (typeof code === 'string') expect(seen.code).toBe(code);
  if (code instanceof RegExp) expect(seen.code).toMatch(code);
  if (typeof retryAfterMs === 'object') {
    expect(seen.retryAfterMs).toBeGreaterThanOrEqual(retryAfterMs.from);
    expect(seen.retryAfterMs).toBeLessThanOrEqual(retryAfterMs.to);
  } else {
    expect(seen.retryAfterMs).toBe(retryAfterMs);
  }
}

/** What holds for every outcome of every provider. */
export function expectWellFormed(actual: SendOutcome): void {
  expect(ATTEMPT_OUTCOMES).toContain(actual.outcome);
  if (actual.detail !== undefined) expect(actual.detail.length).toBeLessThanOrEqual(512);
  if (actual.outcome === 'accepted') return;
  expect(Object.keys(REASONS)).toContain(actual.reason);
  expect(actual.code).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
}
