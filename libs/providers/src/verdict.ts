import { type SendOutcome } from '@herald/domain';

type WithoutDetails<Outcome> = Outcome extends unknown ? Omit<Outcome, 'code' | 'detail' | 'facts'> : never;

/** A row's value in a provider's table of errors: how an attempt counts, without what is known only of the one attempt. */
export type Verdict = WithoutDetails<Exclude<SendOutcome, { outcome: 'accepted' }>>;

/** The outcome of an attempt; what the provider asked for replaces the table's own wait. */
export function outcomeOf(
  verdict: Verdict,
  details: { code: string; detail?: string; retryAfterMs?: number },
): SendOutcome {
  const { code, detail, retryAfterMs } = details;
  const known = { code, ...(detail !== undefined && { detail }) };
  if (verdict.outcome !== 'retry') return { ...verdict, ...known };
  return { ...verdict, ...known, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
