import { type FeedCountsDto, type FeedItemDto } from '@herald/contracts';

/** What the server says; `items` is the only one that comes unasked. */
export type ServerMessage =
  | { type: 'welcome'; cursor: string; counts: FeedCountsDto; expiresAt: string; pingSeconds: number }
  | { type: 'items'; items: FeedItemDto[]; cursor: string; counts: FeedCountsDto }
  | { type: 'marked'; ref?: string; changed: number }
  | { type: 'token'; expiresAt: string }
  | { type: 'error'; code: ErrorCode; detail: string; ref?: string };

/**
 * Machine-readable. `rate_limited` and `unavailable` after a message say that it was not served and may be tried again;
 * all others come before the socket is closed.
 */
export type ErrorCode =
  | 'bad_message'
  | 'unauthorized'
  | 'token_expired'
  | 'no_hello'
  | 'too_many_sockets'
  | 'too_many_messages'
  | 'too_slow'
  | 'rate_limited'
  | 'restarting'
  | 'unavailable';
