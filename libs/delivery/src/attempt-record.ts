import { type AttemptRecord, type ClaimedDelivery } from '@herald/db';
import { type SendOutcome } from '@herald/domain';

/** By whom, when and how long a provider was called. */
export type CallFacts = Pick<AttemptRecord, 'provider' | 'startedAt' | 'durationMs'>;

/** Whose outcome a record is, and under which claim. */
export function identity(delivery: ClaimedDelivery) {
  const { id, tenantId, toEndpoint, claim, attempt: number } = delivery;
  return { id, tenantId, toEndpoint, claim, attempt: number };
}

/** A call and what came of it, for the attempt log. */
export function attemptRecord(outcome: SendOutcome, call: CallFacts): AttemptRecord {
  return {
    ...call,
    outcome: outcome.outcome,
    code: outcome.code,
    detail: outcome.detail,
    facts: outcome.facts,
    ...(outcome.outcome === 'accepted'
      ? { providerMessageId: outcome.providerMessageId }
      : { reason: outcome.reason }),
  };
}
