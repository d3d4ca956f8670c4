import type { FeedCounts, FeedItem, Mark } from './feed-item';

/** The WebSocket subprotocol of the realtime service's feed. */
export const FEED_PROTOCOL = 'herald.feed.v1';

/** What the service says. */
export type ServerFrame =
  | { type: 'welcome'; cursor: string; counts: FeedCounts; expiresAt: string; pingSeconds: number }
  | { type: 'items'; items: FeedItem[]; cursor: string; counts: FeedCounts }
  | { type: 'marked'; ref?: string; changed: number }
  | { type: 'token'; expiresAt: string }
  | { type: 'error'; code: string; detail: string };

/** What its client says. */
export type ClientFrame =
  | { type: 'hello'; token: string; cursor: string }
  | { type: 'ack'; cursor: string }
  | { type: 'mark'; ids: readonly string[]; as: Mark; ref: string }
  | { type: 'token'; token: string };

/** Reads a frame; undefined for what is not JSON. Frames of a type that is not known are for later versions. */
export function parseServerFrame(text: string): ServerFrame | undefined {
  try {
    return JSON.parse(text) as ServerFrame;
  } catch {
    return undefined;
  }
}
