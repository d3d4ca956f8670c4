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
  const [figures] = await db.rows<RunFigures & Record<string, unknown>>(FIGURES, [run.tenantId]);
  const wrong = Object.entries(figures ?? {}).filter(([, value]) => value !== count);
  if (!figures || wrong.length > 0) {
    const text = wrong.map(([name, value]) => `${name} ${value}`).join(', ');
    throw new Error(`${run.name}: ${count} notifications were posted, but Postgres has ${text}`);
  }
}

const FIGURES = `
WITH d AS (SELECT id, notification_id, state, attempts, sent_at FROM deliveries WHERE tenant_id = $1),
a AS (SELECT delivery_id, count(*) AS rows, bool_and(outcome = 'accepted') AS accepted
      FROM attempts WHERE tenant_id = $1 GROUP BY delivery_id)
SELECT
  (SELECT count(*) FROM notifications WHERE tenant_id = $1)::integer AS notifications,
  (SELECT count(DISTINCT key) FROM idempotency_keys WHERE tenant_id = $1)::integer AS keys,
  (SELECT count(*) FROM d)::integer AS deliveries,
  (SELECT count(DISTINCT d.notification_id) FROM d JOIN a ON a.delivery_id = d.id
   WHERE d.state = 'sent' AND d.sent_at IS NOT NULL AND d.attempts = 1 AND a.rows = 1 AND a.accepted)::integer
   AS "sentOnce",
  (SELECT coalesce(sum(rows), 0) FROM a)::integer AS attempts`;

export interface Latency {
  p50Ms: number;
  p99Ms: number;
}

/** From the commit that accepted a notification until the provider's acceptance was recorded, by the database's clock. */
export async function acceptToSent(db: Database, run: Run): Promise<Latency> {
  const [row] = await db.rows<{ quantiles: number[] }>(
    `SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at)::float8 * 1000)
       AS quantiles FROM deliveries WHERE tenant_id = $1`,
    [run.tenantId],
  );
  const [p50Ms = Number.NaN, p99Ms = Number.NaN] = row?.quantiles ?? [];
  return { p50Ms, p99Ms };
}
