import { type Channel, type DeliveryState, type Reason } from '@herald/contracts';
import { sameMillisecondBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { byIds } from '../deliveries/by-ids';
import { type Owner } from '../reading/owner';
import { announce } from '../webhook-events/announce';

/** A delivery as it is after a cancellation. */
export interface AfterCancel {
  id: string;
  recipient: number;
  channel: Channel;
  state: DeliveryState;
  reason: Reason | null;
  /** Whether this very call canceled it. */
  canceledNow: boolean;
}

/**
 * Cancels what was not handed to a provider yet; undefined when the owner has no such notification. Gives every delivery
 * with the state that it has now, by recipient and channel.
 *
 * A worker that claims a delivery at the same moment holds its row or waits for it: whoever comes second sees what the
 * first made of it, so a delivery is claimed or canceled, never both. One that is being sent is only marked: should the
 * attempt fail, the recording statement cancels it instead of trying again. What a provider took and what waits for its
 * receipt, or for another provider since none came, stays sent and goes nowhere else. The states are read by a second statement,
 * because one statement sees the rows as they were when it began. Repeating the call is harmless.
 */
export async function cancelNotification(
  db: Database,
  owner: Owner,
  id: string,
): Promise<AfterCancel[] | undefined> {
  const { low, high } = sameMillisecondBounds([id]);
  const [done] = await db.rows<{ found: boolean; canceled: string[] }>(CANCEL, [
    id,
    owner.tenantId,
    owner.live,
    low,
    high,
  ]);
  if (!done?.found) return undefined;
  const now = new Set(done.canceled);
  const rows = await db.rows<Omit<AfterCancel, 'canceledNow'>>(
    `SELECT id, recipient, channel, state, reason FROM deliveries
     WHERE id BETWEEN $2::uuid AND $3::uuid AND notification_id = $1
     ORDER BY recipient, channel`,
    [id, low, high],
  );
  return rows.map((row) => ({ ...row, canceledNow: now.has(row.id) }));
}

const BECOMES =
  "CASE WHEN d.state = 'sending' THEN d.state WHEN d.sent_at IS NOT NULL THEN 'sent' ELSE 'canceled' END";

/** Rows are locked in the order of their ids, as claims lock them: two that want the same rows must not deadlock. */
const CANCEL = `
WITH marked AS (
  UPDATE notifications SET canceled_at = coalesce(canceled_at, now())
  WHERE id = $1 AND tenant_id = $2 AND live = $3
  RETURNING id
), open AS (
  SELECT id FROM deliveries
  WHERE id BETWEEN $4::uuid AND $5::uuid AND notification_id = $1 AND tenant_id = $2 AND live = $3
    AND (state IN ('scheduled', 'queued') OR (state = 'sending' AND NOT cancel_requested)
      OR (state = 'sent' AND wake_at IS NOT NULL))
  ORDER BY id FOR UPDATE
), touched AS (
  UPDATE deliveries d SET
    cancel_requested = true,
    state = ${BECOMES},
    reason = CASE WHEN ${BECOMES} = 'canceled' THEN 'canceled_by_request' ELSE d.reason END,
    code = CASE WHEN ${BECOMES} <> 'canceled' THEN d.code END,
    due_at = CASE WHEN ${BECOMES} = 'sending' THEN d.due_at END,
    wake_at = NULL,
    updated_at = now()
  WHERE ${byIds('SELECT id FROM open')} AND d.id BETWEEN $4::uuid AND $5::uuid
  RETURNING d.id, d.tenant_id, d.state, d.notification_id, d.live, d.recipient, d.channel, d.reason, d.code, d.provider,
    d.endpoint_id
), logged AS (
  INSERT INTO events (delivery_id, id, tenant_id, type, reason)
  SELECT id, gen_random_uuid(), tenant_id,
    CASE WHEN state = 'canceled' THEN 'canceled' ELSE 'cancel_requested' END,
    CASE WHEN state = 'canceled' THEN 'canceled_by_request' END
  FROM touched
), announced AS (${announce({ of: 'touched', where: "w.state = 'canceled'" })}
)
SELECT EXISTS (SELECT 1 FROM marked) AS found,
  ARRAY(SELECT id::text FROM touched WHERE state = 'canceled') AS canceled`;
