import { type EndpointReplayState } from '@herald/contracts';
import { highestId, lowestId } from '@herald/domain';
import { type Database } from '../connection/database';
import { byIds } from '../deliveries/by-ids';
import { type DueDelivery } from '../scheduling/ring-due';

export interface EndpointReplay {
  tenantId: string;
  endpointId: string;
  states: readonly EndpointReplayState[];
  /** Of events that happened then, in epoch milliseconds, both included. */
  since?: number;
  until?: number;
  limit: number;
  /** Only ids above this one. */
  after?: string;
}

/**
 * Puts events of an endpoint that is enabled back in the queue, the oldest first: due now, with the retry policy counting
 * anew, for the URL that the endpoint has now. How each had ended goes to its timeline. Ringing is the caller's. An event
 * that somebody else is changing at the moment is left out.
 * @returns those that were put back, in the order of their ids
 */
export async function replayEndpoint(db: Database, replay: EndpointReplay): Promise<DueDelivery[]> {
  const rows = await db.rows<{ id: string; tenantId: string }>(REPLAY, [
    replay.endpointId,
    replay.tenantId,
    replay.states,
    lowestId(replay.since ?? 0),
    highestId(replay.until ?? MAX_MS),
    replay.after ?? null,
    replay.limit,
  ]);
  return rows.map(({ id, tenantId }) => ({ id, tenantId, channel: 'webhook', lane: 'default' }));
}

/** What 48 bits hold. */
const MAX_MS = 2 ** 48 - 1;

const REPLAY = `
WITH picked AS (
  SELECT d.id, d.state, d.reason, d.code, d.updated_at
  FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id AND e.tenant_id = d.tenant_id AND e.enabled
  WHERE d.endpoint_id = $1 AND d.tenant_id = $2 AND d.state = ANY($3::text[]) AND d.id BETWEEN $4::uuid AND $5::uuid
    AND ($6::uuid IS NULL OR d.id > $6)
  ORDER BY d.id LIMIT $7 FOR UPDATE OF d SKIP LOCKED
), replayed AS (
  UPDATE deliveries d SET
    state = 'queued', reason = 'replayed', code = NULL, due_at = now(), wake_at = NULL, first_due_at = now(),
    attempts_before_replay = d.attempts, failovers = 0, tried = NULL, cancel_requested = false, receipt = NULL,
    receipt_rank = 0, receipt_reason = NULL, sent_at = NULL, address = e.url, address_key = e.url_key, updated_at = now()
  FROM webhook_endpoints e
  WHERE ${byIds('SELECT id FROM picked')} AND d.id BETWEEN $4::uuid AND $5::uuid AND e.id = $1
  RETURNING d.id, d.tenant_id
), logged AS (
  INSERT INTO events (delivery_id, id, tenant_id, type, reason, detail, at)
  SELECT r.id, gen_random_uuid(), r.tenant_id, t.type, t.reason, t.detail, t.at
  FROM replayed r JOIN picked p ON p.id = r.id
  CROSS JOIN LATERAL (VALUES
    (p.state, p.reason, p.code, p.updated_at), ('replayed', 'replayed', NULL, now())
  ) AS t(type, reason, detail, at)
)
SELECT id, tenant_id AS "tenantId" FROM replayed ORDER BY id`;
