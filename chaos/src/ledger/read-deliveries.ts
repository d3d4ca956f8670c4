import { type DeliveryState } from '@herald/contracts';
import { type Pool } from 'pg';
import { type Arrival } from '../system/sandbox';
import { type System } from '../system/start-system';

/** What Postgres says of one delivery. */
export interface DeliveryEntry {
  id: string;
  notificationId: string;
  state: DeliveryState;
  reason: string | null;
  /** Attempts that the provider accepted. */
  accepted: number;
  /** Attempts of which nobody can know whether the provider got the message. */
  ambiguous: number;
}

/** Reads the ledger of Postgres. */
export async function readDeliveries(sql: Pool): Promise<DeliveryEntry[]> {
  const { rows } = await sql.query<DeliveryEntry>(
    `SELECT d.id, d.notification_id AS "notificationId", d.state, d.reason,
       coalesce(a.accepted, 0) AS accepted, coalesce(a.ambiguous, 0) AS ambiguous
     FROM deliveries d LEFT JOIN (
       SELECT delivery_id, count(*) FILTER (WHERE outcome = 'accepted')::integer AS accepted,
         count(*) FILTER (WHERE outcome = 'ambiguous')::integer AS ambiguous
       FROM attempts GROUP BY delivery_id
     ) a ON a.delivery_id = d.id`,
  );
  return rows;
}

/** What arrived: in the world outside, and in the feeds of recipients, whose messages nothing outside of Postgres gets. */
export async function readArrivals({ sql, world }: Pick<System, 'sql' | 'world'>): Promise<Arrival[]> {
  const { rows } = await sql.query<Arrival>(
    `SELECT recipient AS "to", extract(epoch FROM created_at)::float8 * 1000 AS at FROM feed_items`,
  );
  return [...world.arrivals(), ...rows];
}

/** How many deliveries are not finished. */
export async function countOpen(sql: Pool): Promise<number> {
  const { rows } = await sql.query<{ open: number }>(
    'SELECT count(*)::integer AS open FROM deliveries WHERE due_at IS NOT NULL OR wake_at IS NOT NULL',
  );
  return rows[0]?.open ?? 0;
}

/** How often attempts had an outcome that nobody can know, by provider and cause. */
export async function readAmbiguous(sql: Pool): Promise<Record<string, number>> {
  const { rows } = await sql.query<{ cause: string; count: number }>(
    `SELECT provider || ': ' || coalesce(code, reason, 'unknown') AS cause, count(*)::integer AS count
     FROM attempts WHERE outcome = 'ambiguous' GROUP BY 1 ORDER BY 2 DESC`,
  );
  return Object.fromEntries(rows.map(({ cause, count }) => [cause, count]));
}
