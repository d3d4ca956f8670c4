import { type Database } from '@herald/db';
import { notification } from '../notification';

/** Days that the rows are spread over, the last one ending an hour ago. */
const FILLED_DAYS = 30;
const HOURS = 24;
const HOUR_MS = 3_600_000;
/** Statements at once; more than the pool has would wait for each other. */
const CONNECTIONS = 2;

/** Bytes on disk, with indexes, by table. */
export type TableBytes = Record<string, number>;

/**
 * Fills the tables with `deliveries` settled deliveries of the last 30 days, as a month of use leaves them: one
 * notification and one attempt each, a receipt for every second one, some dead letters, the idempotency keys of the last
 * day. One statement per hour; its commit does not wait for the disk, all that is measured later does. Ends with VACUUM
 * ANALYZE, which autovacuum would do in the middle of a run.
 * @param already deliveries that an earlier call has made
 */
export async function fillDays(db: Database, deliveries: number, already = 0): Promise<void> {
  const until = Date.now() - HOUR_MS;
  await db.rows(
    'SELECT herald_ensure_partitions(now() - make_interval(days => $1::integer), $1::integer + 1)',
    [FILLED_DAYS + 1],
  );
  await db.rows(FILL_FUNCTION);
  const perHour = Math.ceil(deliveries / (FILLED_DAYS * HOURS));
  const content = JSON.stringify(notification('fill', 0).content);
  let hoursLeft = FILLED_DAYS * HOURS;
  const fill = async () => {
    while (hoursLeft > 0) {
      const from = new Date(until - hoursLeft * HOUR_MS);
      hoursLeft -= 1;
      const number = already + hoursLeft * perHour;
      await db.rows('SELECT herald_bench_fill($1, $2, $3, $4)', [from, number, perHour, content]);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, fill));
  await db.rows('VACUUM (ANALYZE)');
  await db.rows('CHECKPOINT');
}

/** What the tables take, partitions and indexes included. */
export async function tableBytes(db: Database): Promise<TableBytes> {
  const rows = await db.rows<{ name: string; bytes: string }>(`
    SELECT r.relname AS name, sum(pg_total_relation_size(t.relid))::bigint AS bytes
    FROM pg_class r CROSS JOIN LATERAL pg_partition_tree(r.oid) t
    WHERE r.relkind = 'p' AND r.relnamespace = current_schema()::regnamespace GROUP BY r.relname ORDER BY r.relname`);
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes)]));
}

/**
 * The rows of one hour from `start` on, numbered from `number` on. Ids are UUIDv7 of the rows' times; a delivery's is of
 * its notification's millisecond. Fifty tenants, a million recipients; of a hundred deliveries one is dead, one failed, one
 * was skipped.
 */
const FILL_FUNCTION = `
CREATE OR REPLACE FUNCTION herald_bench_fill(start timestamptz, number integer, rows integer, content json)
RETURNS void
LANGUAGE sql SET synchronous_commit = off SET work_mem = '256MB' AS $$
  WITH made AS MATERIALIZED (
    SELECT i, at, at + interval '20 milliseconds' AS sent_at,
      (ms || '7' || substr(n, 1, 3) || '8' || substr(n, 4, 15))::uuid AS nid,
      (ms || '7' || substr(d, 1, 3) || '8' || substr(d, 4, 15))::uuid AS did,
      ('00000000-0000-7000-8000-' || lpad(to_hex(i % 50), 12, '0'))::uuid AS tenant,
      substring(decode(md5((i::bigint * 7919 % 1000000)::text), 'hex') FROM 1 FOR 16) AS address_key,
      CASE i % 100 WHEN 0 THEN 'dead' WHEN 1 THEN 'failed' WHEN 2 THEN 'skipped'
        ELSE CASE WHEN i % 2 = 0 THEN 'delivered' ELSE 'sent' END END AS state
    FROM (
      SELECT i, at, lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS ms,
        md5(random()::text) AS n, md5(random()::text) AS d
      FROM (
        SELECT number + n AS i, start + n * (interval '1 hour' / rows) AS at FROM generate_series(0, rows - 1) n
      ) series
    ) ids
  ), notified AS (
    INSERT INTO notifications (id, tenant_id, api_key_id, live, lane, policy, content, metadata, created_at)
    SELECT nid, tenant, tenant, true, 'default', 'at_least_once', content,
      jsonb_build_object('orderId', to_char(at, 'DDDD') || i, 'source', 'bench'), at
    FROM made
  ), delivered AS (
    INSERT INTO deliveries (id, notification_id, tenant_id, recipient, channel, lane, live, policy, address, address_key,
      locale, timezone, state, reason, claim, attempts, first_due_at, provider, provider_message_id, created_at, updated_at,
      sent_at, receipt, receipt_rank, delivered_at)
    SELECT did, nid, tenant, 0, 'email', 'default', true, 'at_least_once', 'ada.' || i || '@example.com', address_key,
      'en-GB', 'Europe/London', state, CASE WHEN state IN ('dead', 'failed') THEN 'content_rejected' END,
      1, 1, at, 'smtp', 'message-' || i, at, sent_at,
      CASE WHEN state IN ('sent', 'delivered') THEN sent_at END,
      CASE WHEN state = 'delivered' THEN state END, CASE WHEN state = 'delivered' THEN 2 ELSE 0 END,
      CASE WHEN state = 'delivered' THEN sent_at + interval '2 seconds' END
    FROM made
  ), attempted AS (
    INSERT INTO attempts (delivery_id, claim, number, tenant_id, provider, started_at, duration_ms, outcome,
      provider_message_id)
    SELECT did, 1, 1, tenant, 'smtp', at, 15, CASE WHEN state IN ('dead', 'failed') THEN 'permanent-content' ELSE 'accepted' END,
      'message-' || i
    FROM made
  ), happened AS (
    INSERT INTO events (delivery_id, id, tenant_id, type, at)
    SELECT did, nid, tenant, 'delivered', sent_at + interval '2 seconds' FROM made WHERE state = 'delivered'
  ), buried AS (
    INSERT INTO dead_letters (delivery_id, notification_id, tenant_id, channel, lane, provider, reason, attempts, created_at)
    SELECT did, nid, tenant, 'email', 'default', 'smtp', 'content_rejected', 1, sent_at
    FROM made WHERE state = 'dead'
  )
  INSERT INTO idempotency_keys (tenant_id, live, key, fingerprint, notification_id, response, created_at, expires_at)
  SELECT tenant, true, 'order-shipped-fill-' || i, decode(md5(i::text) || md5(i::text), 'hex'), nid,
    '{"id":"' || nid || '","state":"accepted","deliveries":[{"id":"' || did || '","channel":"email","state":"queued"}]}',
    at, at + interval '1 day'
  FROM made WHERE at > now() - interval '1 day'
  ON CONFLICT DO NOTHING
$$`;
