import {
  type AttemptOutcome,
  type Channel,
  type DeliveryState,
  type Lane,
  type Reason,
} from '@herald/contracts';
import { type AttemptFacts, idBounds, type SuppressionReason } from '@herald/domain';
import { type Database } from '../connection/database';
import { NOTE_HEALTH } from '../webhook-endpoints/note-health';
import { announce } from '../webhook-events/announce';
import { byIds, sameId } from './by-ids';
import { type DeadTarget, RECORD_PARTS } from './record-parts';

/** One call of a provider, for the attempt log. */
export interface AttemptRecord {
  /** Which of the delivery's targets; 0 where there is one. */
  part?: number;
  provider: string;
  startedAt: Date;
  durationMs: number;
  outcome: AttemptOutcome;
  reason?: Reason;
  code?: string;
  detail?: string;
  providerMessageId?: string;
  facts?: AttemptFacts;
}

/** What becomes of a claimed delivery. */
export interface OutcomeRecord {
  id: string;
  tenantId: string;
  /** Whether it is an event for an endpoint, whose health is noted then. */
  toEndpoint?: boolean;
  claim: number;
  /** The number of this call; see `ClaimedDelivery.attempt`. */
  attempt: number;
  state: Extract<DeliveryState, 'sent' | 'queued' | 'scheduled' | 'failed' | 'dead' | 'skipped' | 'expired'>;
  reason?: Reason;
  /** For `queued` and `scheduled`: due in this many milliseconds by the database's clock. */
  delayMs?: number;
  /** Goes to another provider at once; not counted by the retry policy. */
  failover?: true;
  /** The providers that the next attempt is not to use; none after a call when missing. */
  tried?: readonly string[];
  /** For `sent`: goes to another provider unless a receipt comes in this time. */
  receiptWaitMs?: number;
  /** Missing when no provider was called: then the call is not counted either. */
  called?: AttemptRecord;
  /** Calls for other targets of the same delivery. */
  others?: readonly AttemptRecord[];
  /** Targets of a delivery that can have several: they are suppressed one by one. */
  dead?: readonly DeadTarget[];
  suppress?: SuppressionReason;
  /** The address with most of it hidden, for the suppression list. */
  suppressHint?: string;
}

/** What was written. A delivery that is not in the result was fenced off: someone else holds it now. */
export interface RecordedOutcome {
  id: string;
  state: DeliveryState;
  channel: Channel;
  lane: Lane;
  /** Milliseconds from when it was first due until now, for the latency histogram. */
  sinceDueMs: number;
}

/**
 * Writes the outcomes of many deliveries in one statement: state, attempt rows, dead letters and suppressions. Only the
 * holder of the current claim may write. A receipt that overtook the outcome wins over it, and a cancellation wins over
 * another try. Attempt rows are kept even when the delivery was fenced off: the call happened. Events of Herald's own become
 * no dead letters: their endpoint's log has them.
 */
export async function recordOutcomes(
  db: Database,
  records: readonly OutcomeRecord[],
): Promise<RecordedOutcome[]> {
  const { low, high } = idBounds(records.map((r) => r.id));
  // In the order that claims and cancellations lock rows in.
  const sorted = [...records].sort((a, b) => (a.id < b.id ? -1 : 1));
  const params = [toStorableJson(sorted.map(toRow)), low, high];
  // Most have one target, also on channels where there can be several.
  if (records.some(({ others, dead }) => others?.length || dead?.length)) {
    const parts = [toStorableJson(sorted.flatMap(toPartRows)), toStorableJson(sorted.flatMap(toDeadRows))];
    return db.prepared<Written>('record-parts', RECORD_WITH_PARTS, [...params, ...parts]);
  }
  return records.some((record) => record.toEndpoint)
    ? db.prepared<Written>('record-health', RECORD_WITH_HEALTH, params)
    : db.prepared<Written>('record', RECORD, params);
}

type Written = RecordedOutcome & Record<string, unknown>;

/**
 * JSON that Postgres takes. A provider's words can hold U+0000 or half of a surrogate pair (cutting them to length makes
 * one too), and a refused statement would lose every outcome of the batch. Both come as escapes, so that a look at the
 * text rules them out.
 */
function toStorableJson(rows: readonly object[]): string {
  const json = JSON.stringify(rows);
  if (!json.includes('\\u0000') && !json.includes('\\ud')) return json;
  return JSON.stringify(rows, (_name, value) => (typeof value === 'string' ? storable(value) : value));
}

function storable(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed().replaceAll('\u0000', '');
}

function toRow(record: OutcomeRecord) {
  const { called } = record;
  return {
    id: record.id,
    claim: record.claim,
    attempt: record.attempt,
    tenant_id: record.tenantId,
    state: record.state,
    reason: record.reason,
    delay_ms: record.delayMs ?? 0,
    failover: record.failover,
    tried: record.tried,
    receipt_wait_ms: record.receiptWaitMs,
    suppress: record.suppress,
    suppress_hint: record.suppressHint,
    ...(called && toCallColumns(called)),
  };
}

function toCallColumns(called: AttemptRecord) {
  return {
    part: called.part,
    provider: called.provider,
    started_at: called.startedAt,
    duration_ms: Math.round(called.durationMs),
    outcome: called.outcome,
    call_reason: called.reason,
    code: called.code,
    detail: called.detail?.slice(0, 500),
    provider_message_id: called.providerMessageId,
    facts: called.facts,
  };
}

function toPartRows({ id, claim, attempt, tenantId, others = [] }: OutcomeRecord) {
  return others.map((called) => ({ id, claim, attempt, tenant_id: tenantId, ...toCallColumns(called) }));
}

function toDeadRows({ id, dead = [] }: OutcomeRecord) {
  return dead.map(({ addressKey, reason, hint, since }) => ({
    id,
    address_key: addressKey,
    reason,
    hint,
    since,
  }));
}

const FINAL_STATE = 'herald_final_state(o.state, d.receipt, d.cancel_requested, d.sent_at)';

const CHANGES = `
WITH o AS (
  SELECT * FROM json_to_recordset($1::json) AS o(
    id uuid, claim integer, attempt integer, tenant_id uuid, state text, reason text, delay_ms bigint, failover boolean,
    tried uuid[], receipt_wait_ms bigint, suppress text, suppress_hint text, part smallint, provider text, started_at timestamptz, duration_ms integer,
    outcome text, call_reason text, code text, detail text, provider_message_id text, facts json)
), written AS (
  UPDATE deliveries d SET
    state = ${FINAL_STATE},
    reason = CASE
      WHEN ${FINAL_STATE} = 'canceled' THEN 'canceled_by_request'
      WHEN ${FINAL_STATE} = d.receipt THEN d.receipt_reason
      WHEN ${FINAL_STATE} = 'sent' AND o.state <> 'sent' THEN 'receipt_missing'
      ELSE o.reason
    END,
    code = CASE WHEN o.state = 'sent' OR ${FINAL_STATE} <> 'sent' THEN o.code END,
    attempts = CASE WHEN o.outcome IS NULL THEN d.attempts - 1 ELSE d.attempts END,
    failovers = d.failovers + coalesce(o.failover, false)::integer,
    tried = CASE
      WHEN o.outcome IS NULL AND o.tried IS NULL THEN d.tried
      WHEN d.sent_at IS NOT NULL THEN coalesce(nullif(o.tried, '{}'), d.tried)
      ELSE nullif(o.tried, '{}')
    END,
    due_at = CASE WHEN ${FINAL_STATE} = 'queued' THEN now() + o.delay_ms * interval '1 millisecond' END,
    wake_at = CASE ${FINAL_STATE}
      WHEN 'scheduled' THEN now() + o.delay_ms * interval '1 millisecond'
      WHEN 'sent' THEN CASE WHEN NOT d.cancel_requested THEN now() + o.receipt_wait_ms * interval '1 millisecond' END
    END,
    lease_until = NULL,
    provider = coalesce(o.provider, d.provider),
    provider_message_id = coalesce(o.provider_message_id, d.provider_message_id),
    sent_at = CASE WHEN ${FINAL_STATE} IN ('sent', 'delivered', 'undelivered')
      THEN coalesce(d.sent_at, now()) ELSE d.sent_at END,
    delivered_at = CASE WHEN ${FINAL_STATE} = 'delivered' THEN coalesce(d.delivered_at, now()) ELSE d.delivered_at END,
    updated_at = now()
  FROM o
  WHERE ${byIds('SELECT id FROM o')} AND ${sameId('o.id')}
    AND d.id BETWEEN $2::uuid AND $3::uuid AND d.state = 'sending' AND d.claim = o.claim
  RETURNING d.id, d.claim, d.state, d.channel, d.lane, d.notification_id, d.tenant_id, d.live, d.address_key, d.attempts, d.reason,
    d.provider, d.first_due_at, d.recipient, d.code, d.endpoint_id
), logged AS (
  INSERT INTO attempts (delivery_id, claim, part, number, tenant_id, provider, started_at, duration_ms, outcome, reason, code,
    detail, provider_message_id, facts)
  SELECT id, claim, coalesce(part, 0), attempt, tenant_id, provider, started_at, duration_ms, outcome, call_reason, code,
    detail, provider_message_id, facts
  FROM o WHERE outcome IS NOT NULL
  ON CONFLICT DO NOTHING
), buried AS (
  INSERT INTO dead_letters (delivery_id, notification_id, tenant_id, channel, lane, provider, reason, code, attempts)
  SELECT w.id, w.notification_id, w.tenant_id, w.channel, w.lane, w.provider, w.reason, o.code, w.attempts
  FROM written w JOIN o ON o.id = w.id AND o.claim = w.claim WHERE w.state = 'dead' AND w.endpoint_id IS NULL
  ON CONFLICT DO NOTHING
), suppressed AS (
  INSERT INTO suppressions (tenant_id, live, channel, address_key, reason, hint, delivery_id)
  SELECT DISTINCT ON (w.tenant_id, w.live, w.channel, w.address_key)
    w.tenant_id, w.live, w.channel, w.address_key, o.suppress, coalesce(o.suppress_hint, ''), w.id
  FROM written w JOIN o ON o.id = w.id AND o.claim = w.claim
  WHERE o.suppress IS NOT NULL AND w.address_key IS NOT NULL
  ON CONFLICT DO NOTHING
), announced AS (${announce({ of: 'written' })}
)`;

const RESULT = `
SELECT id, state, channel, lane, (extract(epoch FROM now() - first_due_at) * 1000)::float8 AS "sinceDueMs" FROM written`;

const RECORD = `${CHANGES}${RESULT}`;
/** Other statements, since to set up what most batches do not need costs them 3 %. */
const RECORD_WITH_HEALTH = `${CHANGES}, ${NOTE_HEALTH}${RESULT}`;
const RECORD_WITH_PARTS = `${CHANGES}, ${RECORD_PARTS}${RESULT}`;
