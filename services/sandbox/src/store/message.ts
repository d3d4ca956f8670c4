import type { Channel } from '@herald/contracts';

/** What a row of the live page needs: cheap to make, so that a page left open costs a load test nothing. */
export interface MessageBrief {
  channel: Channel;
  to: string;
  from: string;
  subject: string | null;
  /** First characters of the content, where they are known without parsing it. */
  preview: string;
  /** One word about how it went: an SMS status, `verified` or `unverified` for a webhook. */
  status: string | null;
}

/** The fields every channel gives, plus whatever else a channel has to say. */
export interface MessageFields {
  channel: Channel;
  to: string;
  from: string;
  subject: string | null;
  text: string;
  html: string | null;
  [more: string]: unknown;
}

/** What a channel puts into the store. Reading is asynchronous because a channel may parse only when asked. */
export interface ReceivedMessage {
  readonly channel: Channel;
  readonly to: string;
  /** Memory it holds, in bytes: the store keeps to a budget. */
  readonly bytes: number;
  /** Whether `address` means this message's recipient, by the rules of its channel. */
  isTo(address: string): boolean;
  brief(): MessageBrief | Promise<MessageBrief>;
  /** The entry in a list. */
  fields(): MessageFields | Promise<MessageFields>;
  /** The entry and what is too large for a list, such as the source of an email. */
  whole(): MessageFields | Promise<MessageFields>;
}
