/** Whether a provider's circuit breaker decides by itself, or a person did. */
export const BREAKER_SETTINGS = ['auto', 'open', 'closed'] as const;
export type BreakerSetting = (typeof BREAKER_SETTINGS)[number];

/** How many messages may go. */
export interface SendLimit {
  /** A second's worth at once. */
  perSecond?: number;
  /** From midnight to midnight, UTC. */
  perDay?: number;
}

/** What a tenant lets Herald send by a provider; what is over it waits. */
export interface ProviderLimits extends SendLimit {
  /** From each sender, where messages can name one. */
  perSender?: SendLimit;
}

/** What happens to a provider beside its deliveries. */
export const PROVIDER_EVENTS = {
  breaker_opened: 'It failed too often and is left alone for a moment.',
  breaker_closed: 'A message went through again.',
  weight_lowered: 'It errs or is slow compared with the others and gets less than half of its share.',
  weight_restored: 'It gets its share again.',
} as const;
export type ProviderEventType = keyof typeof PROVIDER_EVENTS;
