import { type Channel } from '@herald/contracts';
import { type ClaimedDelivery, type Database } from '@herald/db';
import { type MessageOf } from './message';

/** A delivery as a message that a provider can carry, or why it cannot be one. */
export type Rendered<C extends Channel> = { ok: true; message: MessageOf[C] } | { ok: false; detail: string };

/** What is particular to a channel: how stored content becomes a message. */
export interface ChannelDefinition<C extends Channel> {
  channel: C;
  render(delivery: ClaimedDelivery, db: Database): Promise<Rendered<C>>;
}
