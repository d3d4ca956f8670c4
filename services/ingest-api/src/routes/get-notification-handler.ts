import { getNotification } from '@herald/db';
import { type RouteResult } from '@herald/platform';
import { notFound, ownerOf, type ReadDeps, type TenantContext } from './read-deps';

export function getNotificationHandler({ db }: ReadDeps) {
  return async ({ principal, params }: TenantContext): Promise<RouteResult> => {
    const notification = await getNotification(db, ownerOf(principal), params.id as string);
    if (!notification) throw notFound('notification');
    return { status: 200, body: notification };
  };
}
