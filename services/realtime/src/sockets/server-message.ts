import { type FeedCountsDto, type FeedItemDto } from '@herald/contracts';

/** What the server says; `items` is the only one that comes unasked. */
export type ServerMessage =
  | { type: 'welcome'; cursor: string; counts: FeedCountsDto; expiresAt: string; pingSeconds: number }
  | { type: 'items'; items: FeedItemDto[]; cursor: string; counts: FeedCountsDto }
  | { type: 'marked'; ref?: string; changed: number }
  | { type: 'token'; expiresAt: string }
  | { type: 'error'; code: ErrorCode; detail: string; ref?: string };

/**
 * Machine-readable. `unavailable` after a mark says that it was not done and may be tried again; all others come before
 * the socket is closed.
 */
export type ErrorCode =
  | 'bad_message'
  | 'unauthorized'
  | 'token_expired'
  | 'no_hello'
  | 'too_many_sockets'
  | 'too_many_messages'
  | 'too_slow'
  | 'restarting'
  | 'unavailable';
