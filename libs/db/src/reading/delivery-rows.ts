import {
  type AttemptOutcome,
  type Channel,
  type DeliveryState,
  type Lane,
  type Reason,
} from '@herald/contracts';
import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';

/** A delivery as it is read for a view. */
export interface DeliveryRow {
  id: string;
  notificationId: string;
  recipient: number;
  channel: Channel;
  address: string | null;
  lane: Lane;
  state: DeliveryState;
  reason: Reason | null;
  code: string | null;
  provider: string | null;
  providerMessageId: string | null;
  createdAt: Date;
  updatedAt: Date;
  /** When the next attempt is due, while it is queued or scheduled; since when, while it is being sent. */
  dueAt: Date | null;
  sentAt: Date | null;
  deliveredAt: Date | null;
  /** The notification's; set only when it lay in the future. */
  sendAt: Date | null;
}

export interface AttemptRow {
  deliveryId: string;
  number: number;
  provider: string;
  startedAt: Date;
  durationMs: number;
  outcome: AttemptOutcome;
  reason: Reason | null;
  code: string | null;
  detail: string | null;
  providerMessageId: string | null;
  facts: Record<string, unknown> | null;
}

/** What happened to a delivery beside its attempts: receipts, cancellations, replays. */
export interface EventRow {
  deliveryId: string;
  type: string;
  reason: Reason | null;
  detail: string | null;
  at: Date;
}

/** The columns of `DeliveryRow` except `sendAt`, of `deliveries d`. */
export const DELIVERY_COLUMNS = `d.id, d.notification_id AS "notificationId", d.recipient, d.channel, d.address, d.lane,
  d.state, d.reason, d.code, d.provider, d.provider_message_id AS "providerMessageId", d.created_at AS "createdAt",
  d.updated_at AS "updatedAt", coalesce(d.due_at, d.wake_at) AS "dueAt", d.sent_at AS "sentAt", d.delivered_at AS "deliveredAt"`;

/** The attempts of some deliveries, each delivery's in order. */
export async function loadAttempts(db: Database, deliveryIds: readonly string[]): Promise<AttemptRow[]> {
  const { low, high } = idBounds(deliveryIds);
  return db.rows<AttemptRow & Record<string, unknown>>(
    `SELECT delivery_id AS "deliveryId", number, provider, started_at AS "startedAt", duration_ms AS "durationMs",
       outcome, reason, code, detail, provider_message_id AS "providerMessageId", facts
     FROM attempts
     WHERE delivery_id = ANY($1::uuid[]) AND delivery_id BETWEEN $2::uuid AND $3::uuid
     ORDER BY delivery_id, claim, part`,
    [deliveryIds, low, high],
  );
}

/** The events of some deliveries, each delivery's in order. */
export async function loadEvents(db: Database, deliveryIds: readonly string[]): Promise<EventRow[]> {
  const { low, high } = idBounds(deliveryIds);
  return db.rows<EventRow & Record<string, unknown>>(
    `SELECT delivery_id AS "deliveryId", type, reason, detail, at
     FROM events
     WHERE delivery_id = ANY($1::uuid[]) AND delivery_id BETWEEN $2::uuid AND $3::uuid
     ORDER BY delivery_id, at, id`,
    [deliveryIds, low, high],
  );
}
