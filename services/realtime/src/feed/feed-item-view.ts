import { type FeedItemDto } from '@herald/contracts';
import { type FeedItemRow } from '@herald/db';

/** An item as clients see it; what it does not have is left out. */
export function feedItemView(row: FeedItemRow): FeedItemDto {
  return {
    id: row.id,
    notificationId: row.notificationId,
    title: row.title,
    body: row.body ?? undefined,
    category: row.category ?? undefined,
    url: row.url ?? undefined,
    imageUrl: row.imageUrl ?? undefined,
    data: row.data ?? undefined,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString(),
    seenAt: row.seenAt?.toISOString(),
    readAt: row.readAt?.toISOString(),
    archivedAt: row.archivedAt?.toISOString(),
  };
}
