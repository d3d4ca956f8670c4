import { type Database } from '../connection/database';

/**
 * Puts a callback back that could not be applied: for another try after a pause, or, without one, to stay until a person
 * looks at it. Only for who took it: the number of tries tells whether somebody else has it by now.
 */
export async function putBackCallback(
  db: Database,
  callback: { id: string; tries: number },
  { pauseMs, error }: { pauseMs: number | undefined; error: string },
): Promise<void> {
  await db.rows(
    `UPDATE receipt_inbox SET taken_until = now() + $3::bigint * interval '1 millisecond', last_error = $4
     WHERE id = $1 AND tries = $2`,
    [callback.id, callback.tries, pauseMs ?? null, error],
  );
}
