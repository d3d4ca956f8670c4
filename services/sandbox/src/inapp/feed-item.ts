/** An item of a recipient's feed, as the realtime service gives it. Times are RFC 3339. */
export interface FeedItem {
  id: string;
  notificationId: string;
  title: string;
  body?: string;
  category?: string;
  url?: string;
  imageUrl?: string;
  data?: Record<string, unknown>;
  createdAt: string;
  expiresAt?: string;
  seenAt?: string;
  readAt?: string;
  archivedAt?: string;
}

/** How much of a feed was not seen and not read yet; the service counts up to 100, which means 100 or more. */
export interface FeedCounts {
  unseen: number;
  unread: number;
}

export const MARKS = ['seen', 'read', 'unread', 'archived', 'unarchived'] as const;
/** What an item can be marked as. */
export type Mark = (typeof MARKS)[number];
