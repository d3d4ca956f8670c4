import { type Channel } from '@herald/contracts';

/** When a delivery is tried again after a temporary failure. Times in milliseconds. */
export interface RetryPolicy {
  /** Calls of a provider in all, the first one included. */
  maxAttempts: number;
  /** Upper bound of the first delay; doubles with each attempt. */
  baseMs: number;
  /** Upper bound of any delay of our own. */
  capMs: number;
  /** No attempt begins later than this after the delivery was first due. */
  budgetMs: number;
  /** A provider's Retry-After is honoured up to this. */
  retryAfterCapMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Defaults for production. SMTP servers and webhooks come back after hours; an SMS or a push
 * message that is hours late is worth little.
 */
export const RETRY_POLICIES: Record<Channel, RetryPolicy> = {
  email: {
    maxAttempts: 12,
    baseMs: 30 * SECOND,
    capMs: 4 * HOUR,
    budgetMs: 72 * HOUR,
    retryAfterCapMs: 12 * HOUR,
  },
  sms: { maxAttempts: 6, baseMs: 5 * SECOND, capMs: 30 * MINUTE, budgetMs: 4 * HOUR, retryAfterCapMs: HOUR },
  push: { maxAttempts: 8, baseMs: 5 * SECOND, capMs: HOUR, budgetMs: 12 * HOUR, retryAfterCapMs: HOUR },
  webpush: { maxAttempts: 8, baseMs: 5 * SECOND, capMs: HOUR, budgetMs: 12 * HOUR, retryAfterCapMs: HOUR },
  // Its provider is our own database.
  inapp: { maxAttempts: 8, baseMs: SECOND, capMs: 5 * MINUTE, budgetMs: 12 * HOUR, retryAfterCapMs: HOUR },
  webhook: {
    maxAttempts: 12,
    baseMs: 5 * SECOND,
    capMs: 10 * HOUR,
    budgetMs: 72 * HOUR,
    retryAfterCapMs: 12 * HOUR,
  },
};

export interface RetryInput {
  /** Calls of a provider so far, the one that just failed included. */
  attempts: number;
  firstDueAt: number;
  now: number;
  retryAfterMs?: number;
  /** A number in [0, 1). */
  random: number;
}

export type RetryDecision =
  | { retry: true; delayMs: number }
  | { retry: false; reason: 'retries_exhausted' | 'time_budget_exhausted' };

/**
 * Exponential back-off with full jitter: a delay drawn evenly from 0 to min(cap, base x 2^(attempts-1)), so that what
 * failed together does not come back together. A Retry-After is a lower bound, within its own cap.
 */
export function decideRetry(policy: RetryPolicy, input: RetryInput): RetryDecision {
  if (input.attempts >= policy.maxAttempts) return { retry: false, reason: 'retries_exhausted' };
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(input.attempts - 1, 40));
  const asked = Math.min(Math.max(input.retryAfterMs ?? 0, 0), policy.retryAfterCapMs);
  const delayMs = Math.max(Math.round(ceiling * input.random), asked);
  if (input.now + delayMs > input.firstDueAt + policy.budgetMs) {
    return { retry: false, reason: 'time_budget_exhausted' };
  }
  return { retry: true, delayMs };
}
