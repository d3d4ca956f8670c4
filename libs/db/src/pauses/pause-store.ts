import { type Channel, LANES, type LaneRef } from '@herald/contracts';
import { type Database } from '../connection/database';

/** A lane that nothing is to be sent on. */
export interface Pause extends LaneRef {
  pausedAt: Date;
  pausedBy: string | null;
  reason: string | null;
}

/** What holds in Postgres. */
export interface KeptPauses {
  pauses: Pause[];
  /** Whether pauses that an older release kept in Redis only have been taken over. */
  adopted: boolean;
}

const ADOPTION = 'adopt_pauses';

/** Pauses every lane of a channel. One that is paused keeps its time; who and why are replaced where they are given. */
export async function pauseChannel(
  db: Database,
  { channel, by, reason }: { channel: Channel; by?: string; reason?: string },
): Promise<void> {
  await db.rows(
    `INSERT INTO pauses AS p (channel, lane, paused_by, reason) SELECT $1, unnest($2::text[]), $3::text, $4::text
     ON CONFLICT (channel, lane) DO UPDATE SET
       paused_by = coalesce(excluded.paused_by, p.paused_by), reason = coalesce(excluded.reason, p.reason)`,
    [channel, LANES, by ?? null, reason ?? null],
  );
}

export async function resumeChannel(db: Database, channel: Channel): Promise<void> {
  await db.rows('DELETE FROM pauses WHERE channel = $1', [channel]);
}

/** Every pause, in one round trip. */
export async function readKeptPauses(db: Database): Promise<KeptPauses> {
  const rows = await db.rows<{ adopted: boolean } & { [K in keyof Pause]: Pause[K] | null }>(
    `SELECT d.adopted, p.channel, p.lane, p.paused_at AS "pausedAt", p.paused_by AS "pausedBy", p.reason
     FROM (SELECT EXISTS (SELECT FROM done_once WHERE name = $1) AS adopted) d LEFT JOIN pauses p ON true
     ORDER BY p.channel, p.lane`,
    [ADOPTION],
  );
  return {
    adopted: rows[0]?.adopted === true,
    pauses: rows.flatMap(({ adopted: _, ...pause }) => (pause.channel === null ? [] : [pause as Pause])),
  };
}

/** Takes over pauses that stand in Redis only: the first time alone, whoever calls it and however many at once. */
export async function adoptPauses(db: Database, lanes: readonly LaneRef[]): Promise<void> {
  await db.rows(
    `WITH first AS (INSERT INTO done_once (name) VALUES ($1) ON CONFLICT DO NOTHING RETURNING name)
     INSERT INTO pauses (channel, lane) SELECT found.channel, found.lane
     FROM first, unnest($2::text[], $3::text[]) AS found (channel, lane)
     ON CONFLICT DO NOTHING`,
    [ADOPTION, lanes.map(({ channel }) => channel), lanes.map(({ lane }) => lane)],
  );
}
