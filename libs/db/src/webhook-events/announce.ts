import { ANNOUNCED_STATES } from '@herald/contracts';

export interface Announcement {
  /**
   * A CTE of deliveries with the columns id, notification_id, tenant_id, live, recipient, channel, state, reason, code,
   * provider and endpoint_id, as they are after the change.
   */
  of: string;
  /** The event's type, as an expression over `w`, the delivery; by the state that it came to when missing. */
  type?: string;
  /** Which of them; those that came to a state which is told of when missing. */
  where?: string;
}

const BY_STATE = {
  type: "'delivery.' || w.state",
  where: `w.state IN (${ANNOUNCED_STATES.map((state) => `'${state}'`).join(', ')})`,
};

/**
 * The part of a statement that tells endpoints of what the rest of it does: one row in the outbox for each endpoint that
 * wants the event. In the same statement, so that there is an event if and only if the change was committed. For a tenant
 * without endpoints it is a look into the index of a tiny table. Deliveries that are events themselves have none.
 *
 * It reads no hot table: the notification's metadata is added when the event is turned into a webhook, so that the
 * statements lock no more tables than before, and in the same order.
 */
export function announce({ of, type = BY_STATE.type, where = BY_STATE.where }: Announcement): string {
  return `
  INSERT INTO webhook_events (id, tenant_id, endpoint_id, type, notification_id, data)
  SELECT herald_new_id(), w.tenant_id, e.id, ${type}, w.notification_id, jsonb_strip_nulls(jsonb_build_object(
    'notificationId', w.notification_id, 'deliveryId', w.id, 'channel', w.channel, 'recipient', w.recipient,
    'state', w.state, 'reason', w.reason, 'code', w.code, 'provider', w.provider))
  FROM ${of} w JOIN webhook_endpoints e ON e.tenant_id = w.tenant_id AND e.live = w.live AND e.enabled
    AND (e.events IS NULL OR ${type} = ANY(e.events))
  WHERE w.endpoint_id IS NULL AND ${where}`;
}
