import { ADMIN_LIMITS, type FieldError, type SelectDeadLettersDto } from '@herald/contracts';
import { type DeadLetterFilter } from '@herald/db';
import { ProblemError } from '@herald/platform';

/** Which dead letters a person means: those named, or at most `limit` of those that match. */
export type DeadLetterSelection =
  | { kind: 'ids'; ids: string[] }
  | { kind: 'filter'; filter: DeadLetterFilter; limit: number };

/** What a request selects. @throws ProblemError 422 unless it has either ids or a filter */
export function selectDeadLetters({ ids, filter, limit }: SelectDeadLettersDto): DeadLetterSelection {
  if (ids && !filter) {
    if (limit !== undefined) throw invalid({ pointer: '/limit', detail: 'is only for a filter' });
    return { kind: 'ids', ids: [...new Set(ids.map((id) => id.toLowerCase()))] };
  }
  if (!filter) throw invalid({ pointer: '/ids', detail: 'is required, or filter' });
  if (ids) throw invalid({ pointer: '/filter', detail: 'must not be given together with ids' });
  const { channel, reason, provider, before } = filter;
  return {
    kind: 'filter',
    filter: { channel, reason, provider, before: before === undefined ? undefined : new Date(before) },
    limit: limit ?? ADMIN_LIMITS.defaultDeadLettersByFilter,
  };
}

function invalid(error: FieldError): ProblemError {
  return new ProblemError('validation', undefined, { errors: [error] });
}
