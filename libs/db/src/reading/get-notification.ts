import { type NotificationDto } from '@herald/contracts';
import { sameMillisecondBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { DELIVERY_COLUMNS, type DeliveryRow } from './delivery-rows';
import { loadDeliveryViews } from './delivery-views';
import { type StateCounts } from './notification-deliveries';
import { loadNotifications, toSummary } from './notification-summaries';
import { type Owner } from './owner';

/**
 * One of the owner's notifications with all its deliveries, by recipient and channel; undefined when there is none with
 * this id. Deliveries are found by the millisecond that they share with their notification.
 */
export async function getNotification(
  db: Database,
  owner: Owner,
  id: string,
): Promise<NotificationDto | undefined> {
  const [notification] = await loadNotifications(db, owner, [id]);
  if (!notification) return undefined;
  const { low, high } = sameMillisecondBounds([notification.id]);
  const rows = await db.rows<DeliveryRow & Record<string, unknown>>(
    `SELECT ${DELIVERY_COLUMNS}, $4::timestamptz AS "sendAt"
     FROM deliveries d
     WHERE d.id BETWEEN $2::uuid AND $3::uuid AND d.notification_id = $1
     ORDER BY d.recipient, d.channel`,
    [notification.id, low, high, notification.sendAt],
  );
  const counts: StateCounts = {};
  for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1;
  return { ...toSummary(notification, counts), deliveries: await loadDeliveryViews(db, rows) };
}
