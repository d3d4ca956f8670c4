import { type SuppressionReason } from '@herald/domain';

/** A target of a delivery that is not tried any more. */
export interface DeadTarget {
  /** Hex; see `addressKey`. */
  addressKey: string;
  reason: SuppressionReason;
  /** The address with most of it hidden. */
  hint: string;
  /** Since when, by the provider. */
  since?: Date;
}

/**
 * The part of the recording statement that a delivery with several targets needs: `$4` are the attempts at targets other
 * than the one that decided, `$5` the targets that are dead from now on, which is so whoever holds the delivery.
 */
export const RECORD_PARTS = `logged_parts AS (
  INSERT INTO attempts (delivery_id, claim, part, number, tenant_id, provider, started_at, duration_ms, outcome, reason,
    code, detail, provider_message_id, facts)
  SELECT id, claim, part, attempt, tenant_id, provider, started_at, duration_ms, outcome, call_reason, code, detail,
    provider_message_id, facts
  FROM json_to_recordset($4::json) AS p(id uuid, claim integer, part smallint, attempt integer, tenant_id uuid,
    provider text, started_at timestamptz, duration_ms integer, outcome text, call_reason text, code text, detail text,
    provider_message_id text, facts json)
  ON CONFLICT DO NOTHING
), pruned AS (
  INSERT INTO suppressions AS s (tenant_id, live, channel, address_key, reason, hint, delivery_id, gone_since)
  SELECT DISTINCT ON (d.tenant_id, d.live, d.channel, t.address_key)
    d.tenant_id, d.live, d.channel, decode(t.address_key, 'hex'), t.reason, t.hint, d.id, t.since
  FROM json_to_recordset($5::json) AS t(id uuid, address_key text, reason text, hint text, since timestamptz)
  JOIN deliveries d ON d.id = t.id AND d.id BETWEEN $2::uuid AND $3::uuid
  ORDER BY d.tenant_id, d.live, d.channel, t.address_key, t.since DESC NULLS FIRST
  ON CONFLICT (tenant_id, live, channel, address_key) DO UPDATE
    SET gone_since = greatest(coalesce(s.gone_since, s.created_at), coalesce(excluded.gone_since, now())),
        delivery_id = excluded.delivery_id
    WHERE s.reason = 'unregistered' AND excluded.reason = 'unregistered'
)`;
