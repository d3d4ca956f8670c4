import { type Reason } from '@herald/contracts';

/** Why an address is suppressed from now on. */
export type SuppressionReason =
  | 'bounce'
  | 'complaint'
  | 'opt_out'
  | 'endpoint_gone'
  | 'unregistered'
  | 'manual';

/** Facts of an attempt worth keeping, e.g. `{ segments: 2, encoding: 'GSM-7' }`. Never personal data. */
export type AttemptFacts = Record<string, string | number | boolean>;

interface NotAccepted {
  reason: Reason;
  /** The provider's own code with its name in front: `twilio_21211`, `smtp_550_5.1.1`, `http_503`, `connect_ECONNREFUSED`. */
  code: string;
  /** The provider's words, for a person. Never used for a decision. */
  detail?: string;
  facts?: AttemptFacts;
}

/** How one call of a provider ended. A provider returns one of these; it throws only for bugs. */
export type SendOutcome =
  | { outcome: 'accepted'; providerMessageId?: string; code?: string; detail?: string; facts?: AttemptFacts }
  | ({ outcome: 'retry'; retryAfterMs?: number } & NotAccepted)
  | ({
      outcome: 'permanent-address';
      suppress?: SuppressionReason;
      /** Since when the address is gone, in epoch milliseconds, where the provider says so. */
      goneSince?: number;
    } & NotAccepted)
  | ({ outcome: 'permanent-content' } & NotAccepted)
  | ({
      outcome: 'config-halt';
      /** The provider takes others: with what is configured it does not reach this recipient. */
      ofMessage?: true;
    } & NotAccepted)
  | ({ outcome: 'ambiguous' } & NotAccepted);
