import { type SendOutcome } from '@herald/domain';

/** The answer of a provider that was closed: nothing was sent, and another attempt will find a new one. */
export const CLOSED: SendOutcome = {
  outcome: 'retry',
  reason: 'provider_unavailable',
  code: 'closed',
  detail: 'The provider was closed: its configuration changed or the worker is stopping.',
};
