import { type Channel } from '@herald/contracts';
import { type ClaimedDelivery, type Database } from '@herald/db';
import { type AttemptFacts, type SuppressionReason } from '@herald/domain';
import { type MessageOf } from './message';

/** One of the places that a delivery goes to, e.g. a device of the recipient. */
export interface Target<C extends Channel> {
  message: MessageOf[C];
  /** Hex; see `addressKey`. */
  addressKey: string;
  /** The address with most of it hidden. */
  hint: string;
  /** For the attempt log. */
  facts: AttemptFacts;
}

/**
 * A delivery as a message that a provider can carry, or one for each of its targets (one at least), or why there is
 * nothing to send.
 */
export type Rendered<C extends Channel> =
  | { ok: true; message: MessageOf[C] }
  | { ok: true; targets: readonly Target<C>[] }
  | { ok: false; detail: string }
  | { ok: false; suppressed: SuppressionReason };

/** What is particular to a channel: how stored content becomes a message. */
export interface ChannelDefinition<C extends Channel> {
  channel: C;
  render(delivery: ClaimedDelivery, db: Database): Promise<Rendered<C>>;
}
