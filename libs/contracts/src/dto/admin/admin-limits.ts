/** Limits of the admin API. Seconds where the name says so. */
export const ADMIN_LIMITS = {
  nameChars: 200,
  pauseReasonChars: 500,
  /** How long an old key or secret may live on beside its replacement. */
  overlapSeconds: 30 * 86_400,
  defaultOverlapSeconds: 86_400,
  ratePerSecond: 1_000_000,
  burst: 1_000_000,
  providerWeight: 1000,
  providerPerSecond: 10_000,
  providerPerDay: 100_000_000,
  providerPosition: 1_000_000,
  deadLetterIds: 1000,
  deadLettersByFilter: 100_000,
  defaultDeadLettersByFilter: 10_000,
  /** What was not done is told one by one up to this many. */
  deadLettersReported: 1000,
  webhookEndpoints: 20,
  descriptionChars: 500,
  endpointReplay: 10_000,
  /** Live ones. */
  vapidKeys: 5,
  vapidRetirementSeconds: 366 * 86_400,
  minRecipientTokenSeconds: 60,
  defaultRecipientTokenSeconds: 3600,
  maxRecipientTokenSeconds: 86_400,
} as const;

/** The rate limit of a key that was made without one: requests. */
export const DEFAULT_RATE_LIMIT = { perSecond: 1000, burst: 2000 } as const;
