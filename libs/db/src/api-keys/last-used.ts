import { type Database } from '../connection/database';

/** Notes that keys were used, now. In a fixed order, so that two processes cannot deadlock. */
export async function recordKeyUse(db: Database, ids: readonly string[]): Promise<void> {
  await db.rows(
    `WITH used AS (SELECT id FROM api_keys WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE)
     UPDATE api_keys k SET last_used_at = now() FROM used WHERE k.id = used.id`,
    [ids],
  );
}

/**
 * Collects which keys were used, so that a key that is used a thousand times a second is written once in a while:
 * `add` at each use, `flush` every half minute and before the process ends.
 */
export class LastUsed {
  private ids = new Set<string>();

  constructor(private readonly db: Database) {}

  add(keyId: string): void {
    this.ids.add(keyId);
  }

  /** Rejects when the database is away; what was to be written is kept for the next time. */
  async flush(): Promise<void> {
    const ids = this.ids;
    if (ids.size === 0) return;
    this.ids = new Set();
    try {
      await recordKeyUse(this.db, [...ids]);
    } catch (error) {
      for (const id of ids) this.ids.add(id);
      throw error;
    }
  }
}
