import { type FeedCountsDto } from '@herald/contracts';
import { type FeedItemRow } from '@herald/db';
import { type News, type Subscriber } from '../sockets/feed-watch';

/** A feed in memory, for tests of decisions: each read sees one moment, and answers some turns of the event loop later. */
export class MemoryFeed {
  head = 0;
  reads = 0;
  /** How many of the next reads fail. */
  failing = 0;
  private readonly items = new Map<number, FeedItemRow>();

  constructor(private readonly turns: () => number = () => 1) {}

  add(): void {
    this.write(this.items.size);
  }

  /** Changes an item that is there. */
  touch(index: number): void {
    if (this.items.size > 0) this.write(index % this.items.size);
  }

  /** Takes an item out of every later answer, as expiry does. */
  expire(index: number): void {
    const row = this.items.get(index % Math.max(1, this.items.size));
    if (row) row.expiresAt = new Date(0);
  }

  /** The numbers of the last changes after one, in order. */
  seqsAfter(after: number): number[] {
    return this.after(after).map(({ seq }) => Number(seq));
  }

  readonly changes = async (_feed: unknown, after: number, limit: number): Promise<FeedItemRow[]> => {
    this.reads += 1;
    if (this.failing > 0) {
      this.failing -= 1;
      throw new Error('The read failed');
    }
    const rows = this.after(after).slice(0, limit);
    await pass(this.turns());
    return rows;
  };

  readonly counts = async (): Promise<FeedCountsDto> => {
    const count = this.after(0).length;
    await pass(this.turns());
    return { unseen: count, unread: count };
  };

  private after(seq: number): FeedItemRow[] {
    return [...this.items.values()]
      .filter((row) => Number(row.seq) > seq && row.expiresAt === null)
      .sort((a, b) => Number(a.seq) - Number(b.seq));
  }

  private write(index: number): void {
    this.head += 1;
    const seq = String(this.head);
    this.items.set(index, { ...EMPTY, id: `item-${index}`, title: `item ${index}`, seq });
  }
}

const EMPTY: FeedItemRow = {
  id: '',
  notificationId: '',
  position: '0',
  seq: '0',
  title: '',
  body: null,
  category: null,
  url: null,
  imageUrl: null,
  data: null,
  createdAt: new Date(),
  expiresAt: null,
  deliveredAt: null,
  seenAt: null,
  readAt: null,
  archivedAt: null,
};

/** A socket that remembers the numbers of what it was given. */
export class MemorySubscriber implements Subscriber {
  phase: Subscriber['phase'] = 'idle';
  canTake = true;
  readonly seqs: number[] = [];
  readonly messages: Pick<News, 'frame' | 'cursor'>[] = [];

  constructor(
    public cursor: number,
    /** Whether its client stops reading after each message. */
    public slow = false,
  ) {}

  take({ rows, frame, cursor }: News): void {
    this.seqs.push(...rows.map(({ seq }) => Number(seq)));
    this.messages.push({ frame, cursor });
    this.cursor = cursor;
    this.canTake = !this.slow;
  }

  skipTo(cursor: number): void {
    this.cursor = cursor;
  }
}

/** Lets some turns of the event loop pass. */
export async function pass(turns: number): Promise<void> {
  for (let n = 0; n < turns; n += 1) await new Promise((resolve) => setImmediate(resolve));
}
