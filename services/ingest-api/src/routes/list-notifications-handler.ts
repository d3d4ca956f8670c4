import { type ListNotificationsQueryDto, type NotificationPageDto } from '@herald/contracts';
import { listNotifications } from '@herald/db';
import { type RouteResult } from '@herald/platform';
import { notificationFilter, writeCursor } from './notification-filter';
import { ownerOf, type ReadDeps, type TenantContext } from './read-deps';

export function listNotificationsHandler({ db }: ReadDeps) {
  return async ({ principal, query }: TenantContext<ListNotificationsQueryDto>): Promise<RouteResult> => {
    const filter = notificationFilter(query, principal.tenantId);
    const { items, nextCursor } = await listNotifications(db, ownerOf(principal), filter);
    const body: NotificationPageDto = { items, ...(nextCursor && { nextCursor: writeCursor(nextCursor) }) };
    return { status: 200, body };
  };
}
