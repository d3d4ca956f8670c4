import { type DeliveryPolicy, type DeliveryState, type Reason } from '@herald/contracts';
import { decideRetry, type RetryPolicy } from './retry-policy';
import { type SendOutcome, type SuppressionReason } from './send-outcome';

/** Waits up to this long are left to Redis' delayed set; longer ones stay in Postgres until they are due. */
export const MAX_REDIS_DELAY_MS = 120_000;

export interface SettleInput {
  outcome: SendOutcome;
  deliveryPolicy: DeliveryPolicy;
  /** Whether another provider could carry it that was not tried since the last wait. */
  alternative: boolean;
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
  /** Goes to another provider at once. */
  failover?: true;
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
      return { state: 'dead', reason: outcome.reason };
    case 'config-halt':
      return input.alternative ? byAnother(input) : { state: 'dead', reason: outcome.reason };
    case 'ambiguous':
      if (input.deliveryPolicy === 'at_most_once') return { state: 'dead', reason: 'outcome_unknown' };
      return input.alternative ? byAnother(input) : again(input);
    case 'retry':
      // A temporary failure is of the address or the message: another provider would be told the same.
      return input.alternative && outcome.reason !== 'temporary_failure'
        ? byAnother(input)
        : again(input, outcome.retryAfterMs);
  }
}

/** Why a delivery has to wait although nothing was tried. */
export interface Postponement {
  reason: Reason;
  delayMs: number;
  budgetMs: number;
  firstDueAt: number;
  expiresAt: number | undefined;
  now: number;
}

/** Puts off a delivery that nobody could take: within the time that it has, and without counting it as an attempt. */
export function postpone({
  reason,
  delayMs,
  budgetMs,
  firstDueAt,
  expiresAt,
  now,
}: Postponement): Settlement {
  if (now + delayMs > firstDueAt + budgetMs) return { state: 'dead', reason: 'time_budget_exhausted' };
  if (expiresAt !== undefined && now + delayMs >= expiresAt) return { state: 'expired', reason: 'expired' };
  return { state: delayMs > MAX_REDIS_DELAY_MS ? 'scheduled' : 'queued', reason, delayMs };
}

function byAnother({ expiresAt, now }: SettleInput): Settlement {
  if (expiresAt !== undefined && now >= expiresAt) return { state: 'expired', reason: 'expired' };
  return { state: 'queued', reason: 'failed_over', delayMs: 0, failover: true };
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
