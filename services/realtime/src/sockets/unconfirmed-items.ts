import { type FeedItemRow } from '@herald/db';

/** For a client that never acknowledges: the oldest are forgotten, and it stays unknown that they arrived. */
const MAX_KEPT = 500;

/** The items that were sent over one socket and are not known to have arrived. */
export class UnconfirmedItems {
  private sent: { id: string; seq: number }[] = [];

  add(rows: readonly FeedItemRow[]): void {
    for (const row of rows) {
      if (row.deliveredAt === null) this.sent.push({ id: row.id, seq: Number(row.seq) });
    }
    if (this.sent.length > MAX_KEPT) this.sent = this.sent.slice(-MAX_KEPT);
  }

  /** Takes out the ids of what was sent up to a cursor. */
  takeUpTo(cursor: number): string[] {
    const first = this.sent.findIndex(({ seq }) => seq > cursor);
    const arrived = this.sent.splice(0, first < 0 ? this.sent.length : first);
    return arrived.map(({ id }) => id);
  }
}
