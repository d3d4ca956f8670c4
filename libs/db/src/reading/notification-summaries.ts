import { type Lane, type NotificationSummaryDto, notificationState } from '@herald/contracts';
import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { countDeliveries, type StateCounts } from './notification-deliveries';
import { type Owner } from './owner';
import { present } from './present';

/** A notification as it is read for a view. */
export interface NotificationRow {
  id: string;
  live: boolean;
  lane: Lane;
  createdAt: Date;
  sendAt: Date | null;
  expiresAt: Date | null;
  metadata: Record<string, string> | null;
}

/** Those of some notifications that are the owner's, newest first. */
export async function loadNotifications(
  db: Database,
  owner: Owner,
  ids: readonly string[],
): Promise<NotificationRow[]> {
  const { low, high } = idBounds(ids);
  return db.rows<NotificationRow & Record<string, unknown>>(
    `SELECT id, live, lane, created_at AS "createdAt", send_at AS "sendAt", expires_at AS "expiresAt", metadata
     FROM notifications
     WHERE id = ANY($1::uuid[]) AND id BETWEEN $2::uuid AND $3::uuid AND tenant_id = $4 AND live = $5
     ORDER BY id DESC`,
    [ids, low, high, owner.tenantId, owner.live],
  );
}

/** Notifications of the owner as a list shows them, newest first; each with how many deliveries are in each state. */
export async function loadSummaries(
  db: Database,
  owner: Owner,
  ids: readonly string[],
): Promise<NotificationSummaryDto[]> {
  if (ids.length === 0) return [];
  const [rows, counts] = await Promise.all([loadNotifications(db, owner, ids), countDeliveries(db, ids)]);
  return rows.map((row) => toSummary(row, counts.get(row.id) ?? {}));
}

/** A notification with how many of its deliveries are in each state. */
export function toSummary(row: NotificationRow, counts: StateCounts): NotificationSummaryDto {
  return present<NotificationSummaryDto>({
    id: row.id,
    state: notificationState(counts),
    live: row.live,
    priority: row.lane,
    createdAt: row.createdAt.toISOString(),
    sendAt: row.sendAt?.toISOString(),
    expiresAt: row.expiresAt?.toISOString(),
    metadata: row.metadata,
    counts,
  });
}
