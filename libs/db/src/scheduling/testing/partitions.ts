import { newId } from '@herald/domain';
import { Client } from 'pg';
import { type Database } from '../../connection/database';

export const DAY_MS = 86_400_000;
export const TABLES = ['notifications', 'deliveries', 'attempts', 'events', 'attachments'] as const;

/** The day (UTC) of a moment as partitions are called after it: `20261122`. */
export function suffixOf(ms: number): string {
  return dayOf(ms).replaceAll('-', '');
}

/** The day (UTC) of a moment: `2026-11-22`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export async function tableExists(db: Database, name: string): Promise<boolean> {
  const [row] = await db.rows<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [name]);
  return row?.found ?? false;
}

/** The partition that an id of some table is in; undefined when the row is not there. */
export async function homeOf(
  db: Database,
  table: string,
  key: string,
  id: string,
): Promise<string | undefined> {
  const sql = `SELECT tableoid::regclass::text AS home FROM ${table} WHERE ${key} = $1`;
  return (await db.rows<{ home: string }>(sql, [id]))[0]?.home;
}

/** A delivery of some moment, settled unless something else is said; gives its id. */
export async function insertDelivery(db: Database, ms: number, state = 'sent'): Promise<string> {
  const id = newId(ms);
  await db.rows(
    `INSERT INTO deliveries (id, notification_id, tenant_id, recipient, channel, lane, live, policy, state, first_due_at,
       due_at, wake_at)
     VALUES ($1, $1, $1, 0, 'sms', 'default', true, 'at_least_once', $2, now(),
       CASE WHEN $2 IN ('queued', 'sending') THEN now() END, CASE WHEN $2 = 'scheduled' THEN now() END)`,
    [id, state],
  );
  return id;
}

/** A transaction of somebody else that has run a statement and stays open until it is ended. */
export async function openTransaction(url: string, statement: string): Promise<{ end(): Promise<void> }> {
  const client = new Client(url);
  await client.connect();
  await client.query('BEGIN');
  await client.query(statement);
  return {
    end: async () => {
      await client.query('ROLLBACK');
      await client.end();
    },
  };
}
