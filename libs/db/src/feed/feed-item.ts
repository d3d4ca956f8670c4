/** A recipient's feed. It holds what live keys posted. */
export interface FeedRef {
  tenantId: string;
  /** The tenant's own id of the recipient. */
  recipient: string;
}

/** How far a feed has come. */
export interface FeedHead extends FeedRef {
  /** The number of its last change, a decimal; '0' for a feed that never had an item. */
  seq: string;
}

/** An item as it is stored. */
export interface FeedItemRow {
  /** Also its delivery's. */
  id: string;
  notificationId: string;
  /** Its place in the feed, a decimal: later ones are higher. Never changes. */
  position: string;
  /** The number of its last change, a decimal; no two items of a feed have the same. */
  seq: string;
  title: string;
  body: string | null;
  category: string | null;
  url: string | null;
  imageUrl: string | null;
  data: Record<string, unknown> | null;
  /** When it came to the feed. */
  createdAt: Date;
  expiresAt: Date | null;
  deliveredAt: Date | null;
  seenAt: Date | null;
  readAt: Date | null;
  archivedAt: Date | null;
}

/** The columns of a `FeedItemRow`, of `feed_items`. */
export const FEED_ITEM_COLUMNS = `id, notification_id AS "notificationId", position, seq, title, body, category, url,
  image_url AS "imageUrl", data, created_at AS "createdAt", expires_at AS "expiresAt", delivered_at AS "deliveredAt",
  seen_at AS "seenAt", read_at AS "readAt", archived_at AS "archivedAt"`;

/** Expired items are gone for everyone, also while they are not deleted yet. */
export const NOT_EXPIRED = '(expires_at IS NULL OR expires_at > now())';

/** The state of an item in the table; exactly one of them, unlike what a page can be narrowed to. */
export type StoredState = 'unseen' | 'seen' | 'read' | 'archived';
