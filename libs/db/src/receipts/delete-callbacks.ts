import { type Database } from '../connection/database';

/** Deletes callbacks that were applied. */
export async function deleteCallbacks(db: Database, ids: readonly string[]): Promise<void> {
  await db.prepared('delete-callbacks', 'DELETE FROM receipt_inbox WHERE id = ANY($1::uuid[])', [ids]);
}
