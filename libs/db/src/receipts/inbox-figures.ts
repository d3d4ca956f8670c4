import { type Database } from '../connection/database';

/** How much is counted: the figure says how bad it is, and nobody needs to know it better than this. */
const MOST = 10_000;

/** What waits in the inbox of callbacks, without what was given up. */
export interface InboxFigures {
  /** 10,000 at most. */
  callbacks: number;
  /** Seconds since the oldest of them came; 0 when there is none. */
  oldestSeconds: number;
}

export async function inboxFigures(db: Database): Promise<InboxFigures> {
  const [figures] = await db.prepared<InboxFigures & Record<string, unknown>>('inbox-figures', FIGURES, [
    MOST,
  ]);
  return figures!;
}

const FIGURES = `
SELECT count(*)::integer AS callbacks,
  coalesce(extract(epoch FROM now() - min(received_at)), 0)::float8 AS "oldestSeconds"
FROM (SELECT received_at FROM receipt_inbox WHERE taken_until IS NOT NULL ORDER BY taken_until LIMIT $1) waiting`;
