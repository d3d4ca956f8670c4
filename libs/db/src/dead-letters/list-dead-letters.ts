import { type Channel, type Lane, type Reason } from '@herald/contracts';
import { type Database } from '../connection/database';
import { type DeadLetterOwner, ofMode } from './dead-letter-owner';

/** A delivery that stopped for a reason that someone should look at. */
export interface DeadLetter {
  /** The delivery's. */
  id: string;
  notificationId: string;
  channel: Channel;
  lane: Lane;
  provider: string | null;
  reason: Reason;
  code: string | null;
  attempts: number;
  at: Date;
}

export interface DeadLetterFilter {
  channel?: Channel;
  reason?: Reason;
  /** The type of the last provider that was tried. */
  provider?: string;
  /** Became a dead letter before then. */
  before?: Date;
}

const MATCHES = `tenant_id = $1 AND ($2::text IS NULL OR channel = $2) AND ($3::text IS NULL OR reason = $3)
  AND ($4::text IS NULL OR provider = $4) AND ($5::timestamptz IS NULL OR created_at < $5)
  AND ${ofMode('$6')}`;

function filterParams(
  { tenantId, live }: DeadLetterOwner,
  { channel, reason, provider, before }: DeadLetterFilter,
): unknown[] {
  return [tenantId, channel ?? null, reason ?? null, provider ?? null, before ?? null, live ?? null];
}

/** A page of the owner's dead letters, newest deliveries first. `before` is the last id of the page before. */
export async function listDeadLetters(
  db: Database,
  owner: DeadLetterOwner,
  filter: DeadLetterFilter,
  page: { limit: number; before?: string },
): Promise<DeadLetter[]> {
  return db.rows<DeadLetter & Record<string, unknown>>(
    `SELECT delivery_id AS id, notification_id AS "notificationId", channel, lane, provider, reason, code, attempts,
       created_at AS at
     FROM dead_letters WHERE ${MATCHES} AND ($7::uuid IS NULL OR delivery_id < $7)
     ORDER BY delivery_id DESC LIMIT $8`,
    [...filterParams(owner, filter), page.before ?? null, page.limit],
  );
}

/** The ids of the next dead letters of the owner that match, oldest deliveries first, after one that was seen. */
export async function pickDeadLetters(
  db: Database,
  owner: DeadLetterOwner,
  filter: DeadLetterFilter,
  { limit, after }: { limit: number; after?: string },
): Promise<string[]> {
  const rows = await db.rows<{ id: string }>(
    `SELECT delivery_id AS id FROM dead_letters WHERE ${MATCHES} AND ($7::uuid IS NULL OR delivery_id > $7)
     ORDER BY delivery_id LIMIT $8`,
    [...filterParams(owner, filter), after ?? null, limit],
  );
  return rows.map((row) => row.id);
}
