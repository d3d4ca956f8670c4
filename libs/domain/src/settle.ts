import { type DeliveryPolicy, type DeliveryState, type Reason } from '@herald/contracts';
import { decideRetry, type RetryPolicy } from './retry-policy';
import { type SendOutcome, type SuppressionReason } from './send-outcome';

/** Waits up to this long are left to Redis' delayed set; longer ones stay in Postgres until they are due. */
export const MAX_REDIS_DELAY_MS = 120_000;

export interface SettleInput {
  outcome: SendOutcome;
  deliveryPolicy: DeliveryPolicy;
  retryPolicy: RetryPolicy;
  attempts: number;
  firstDueAt: number;
  expiresAt: number | undefined;
  now: number;
  /** A number in [0, 1) for the jitter. */
  random: number;
}

/** What a delivery becomes after an attempt. */
export interface Settlement {
  state: Extract<DeliveryState, 'sent' | 'queued' | 'scheduled' | 'failed' | 'dead' | 'expired'>;
  reason?: Reason;
  /** For `queued` and `scheduled`: due in this many milliseconds. */
  delayMs?: number;
  suppress?: SuppressionReason;
}

/** Decides what becomes of a delivery after one call of a provider. */
export function settle(input: SettleInput): Settlement {
  const { outcome } = input;
  switch (outcome.outcome) {
    case 'accepted':
      return { state: 'sent' };
    case 'permanent-address':
      return { state: 'failed', reason: outcome.reason, suppress: outcome.suppress };
    case 'permanent-content':
    case 'config-halt':
      return { state: 'dead', reason: outcome.reason };
    case 'ambiguous':
      return input.deliveryPolicy === 'at_most_once'
        ? { state: 'dead', reason: 'outcome_unknown' }
        : again(input);
    case 'retry':
      return again(input, outcome.retryAfterMs);
  }
}

function again(input: SettleInput, retryAfterMs?: number): Settlement {
  const decision = decideRetry(input.retryPolicy, { ...input, retryAfterMs });
  if (!decision.retry) return { state: 'dead', reason: decision.reason };
  if (input.expiresAt !== undefined && input.now + decision.delayMs >= input.expiresAt) {
    return { state: 'expired', reason: 'expired' };
  }
  const state = decision.delayMs > MAX_REDIS_DELAY_MS ? 'scheduled' : 'queued';
  return { state, reason: 'retry_scheduled', delayMs: decision.delayMs };
}
