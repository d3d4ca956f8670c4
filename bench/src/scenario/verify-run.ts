import { type Database } from '@herald/db';
import { type Run } from './create-run';

/** What is in Postgres of a run. Every figure must be the number of notifications posted. */
interface RunFigures {
  notifications: number;
  keys: number;
  deliveries: number;
  /** Deliveries in state `sent` after one attempt, with one attempt row that says so. */
  sentOnce: number;
  attempts: number;
}

/** Each notification is stored once, and was sent exactly once, with one attempt. @throws Error with the figures */
export async function verifyRun(db: Database, run: Run, count: number): Promise<void> {
  const [figures] = await db.rows<RunFigures & Record<string, unknown>>(FIGURES, [run.tenantId, run.firstId]);
  const wrong = Object.entries(figures ?? {}).filter(([, value]) => value !== count);
  if (!figures || wrong.length > 0) {
    const text = wrong.map(([name, value]) => `${name} ${value}`).join(', ');
    throw new Error(`${run.name}: ${count} notifications were posted, but Postgres has ${text}`);
  }
}

/** Grouped, not joined: new rows are beyond what the planner knows, and it would join each with each. */
const FIGURES = `
WITH facts AS (
  SELECT id, notification_id, 1 AS deliveries, 0 AS calls,
    state = 'sent' AND sent_at IS NOT NULL AND attempts = 1 AS fine
  FROM deliveries WHERE tenant_id = $1 AND id >= $2
  UNION ALL
  SELECT delivery_id, NULL, 0, 1, outcome = 'accepted' FROM attempts WHERE tenant_id = $1 AND delivery_id >= $2
), each AS (
  SELECT max(notification_id::text) AS notification_id, sum(deliveries) AS deliveries, sum(calls) AS calls,
    bool_and(fine) AS fine
  FROM facts GROUP BY id
)
SELECT
  (SELECT count(*) FROM notifications WHERE tenant_id = $1 AND id >= $2)::integer AS notifications,
  (SELECT count(DISTINCT key) FROM idempotency_keys WHERE tenant_id = $1)::integer AS keys,
  coalesce(sum(deliveries), 0)::integer AS deliveries,
  (count(DISTINCT notification_id) FILTER (WHERE fine AND deliveries = 1 AND calls = 1))::integer AS "sentOnce",
  coalesce(sum(calls), 0)::integer AS attempts
FROM each`;

export interface Latency {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

/** From the commit that accepted a notification until the provider's acceptance was recorded, by the database's clock. */
export async function acceptToSent(db: Database, run: Run): Promise<Latency> {
  const [row] = await db.rows<{ quantiles: number[] }>(
    `SELECT percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at)::float8 * 1000)
       AS quantiles FROM deliveries WHERE tenant_id = $1 AND id >= $2`,
    [run.tenantId, run.firstId],
  );
  const [p50Ms = Number.NaN, p99Ms = Number.NaN, maxMs = Number.NaN] = row?.quantiles ?? [];
  return { p50Ms, p99Ms, maxMs };
}
