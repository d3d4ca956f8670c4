/** How one call of a provider ended. Providers classify by status and code tables, never by message text. */
export const ATTEMPT_OUTCOMES = [
  'accepted',
  'retry',
  'permanent-address',
  'permanent-content',
  'config-halt',
  'ambiguous',
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/**
 * Machine-readable reasons that Herald itself gives. Providers add `<provider>_<code>` in an attempt's `code`;
 * a reason is always one of these, so that filters and metrics stay bounded.
 */
export const REASONS = {
  // accepted, waiting
  scheduled_by_request: 'sendAt is in the future.',
  retry_scheduled: 'A temporary failure; another attempt is due at nextAttemptAt.',
  failed_over: 'A provider failed; another one is tried at once.',
  breaker_open: 'The provider fails too often: it is left alone for a moment.',
  provider_limit: 'The limit set for the provider is reached; it goes when there is room.',
  receipt_missing: 'No receipt came in the time that the request gave; another provider is tried.',
  rescued: 'The queue had lost it; the scheduler put it back.',
  replayed: 'Put back in the queue by a person.',
  // not sent, on purpose
  no_contact_point: 'The recipient has no address for this channel.',
  canceled_by_request: 'Canceled before a provider was called.',
  expired: 'expiresAt passed before a provider was called.',
  suppressed_bounce: 'The address bounced before and is suppressed.',
  suppressed_complaint: 'The recipient called an earlier message spam.',
  suppressed_opt_out: 'The recipient opted out of this channel.',
  suppressed_endpoint_gone: 'The endpoint answered 410 Gone before and is disabled.',
  suppressed_unregistered: 'The push service said before that the app or browser is not registered any more.',
  suppressed_manually: 'The address was suppressed by the tenant.',
  endpoint_disabled: 'The webhook endpoint is disabled or was deleted.',
  // failed for good
  invalid_address: 'The provider says that the address does not exist or cannot receive.',
  opted_out: 'The provider says that the recipient opted out.',
  unregistered: 'The push service says that the app or browser is not registered any more.',
  endpoint_gone: 'The endpoint answered 410 Gone and is disabled now.',
  discarded: 'A dead letter that a person discarded.',
  // dead letters
  retries_exhausted: 'Every attempt that the retry policy allows failed.',
  time_budget_exhausted: 'The time that the retry policy allows for attempts is over.',
  content_rejected: 'The provider refuses this content.',
  provider_misconfigured: 'The provider refuses our credentials or configuration.',
  no_provider: 'No provider is configured for this channel.',
  outcome_unknown: 'Nobody can know whether the provider took it, and the policy is at_most_once.',
  unprocessable: 'The stored delivery cannot be turned into a message.',
  // attempts
  rate_limited: 'The provider asks us to slow down.',
  provider_unavailable: 'The provider is unreachable or answers with a server error.',
  timed_out: 'No answer in time.',
  temporary_failure: 'The provider reports a temporary failure for this message or address.',
  worker_lost: 'The worker stopped in the middle of the attempt.',
  forbidden_target: 'The target address is internal and not allowed.',
  // receipts
  carrier_rejected: 'The receipt says that the carrier or mailbox refused it.',
  unreachable: 'The receipt says that the recipient could not be reached.',
  undelivered_unknown: 'The receipt says that it did not arrive, without a reason.',
} as const;
export type Reason = keyof typeof REASONS;
