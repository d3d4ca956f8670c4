import { type NotificationPageDto } from '@herald/contracts';
import { type Database } from '../connection/database';
import { findNotifications, type NotificationFilter } from './find-notifications';
import { loadSummaries } from './notification-summaries';
import { type Owner } from './owner';
import { present } from './present';

/** A page of the owner's notifications, newest first; see `findNotifications` for what a page may leave out. */
export async function listNotifications(
  db: Database,
  owner: Owner,
  filter: NotificationFilter,
): Promise<NotificationPageDto> {
  const { ids, nextCursor } = await findNotifications(db, owner, filter);
  return present<NotificationPageDto>({ items: await loadSummaries(db, owner, ids), nextCursor });
}
