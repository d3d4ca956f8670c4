import { type FeedMark } from '@herald/contracts';
import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { logEvents } from '../receipts/log-events';
import { confirmFeedItems } from './confirm-feed-items';
import { feedHeads } from './feed-heads';
import { type FeedRef, NOT_EXPIRED, type StoredState } from './feed-item';
import { NO_POSITION, newestItems } from './newest-items';

/** Which items of a feed. `all`: those that are not archived, or the archived ones to unarchive them. */
export type WhichFeedItems =
  | { ids: readonly string[] }
  /** `upTo`: not what changed after this number of the feed. */
  | { all: true; category?: string; upTo?: string };

export interface MarkedFeedItems {
  /** Those that were something else before. */
  changed: { id: string }[];
  /** The feed's head after it. */
  seq: string;
}

interface Mark {
  /** Where those are that it would change, archived items aside. */
  from: readonly StoredState[];
  /** Of an item `i` that it would change. */
  changes: string;
  set: string;
  /** Events that it puts on the timeline of an item's delivery: of the item `m`, which was `unseen` before or not. */
  told?: string;
}

const MARKS: Record<FeedMark, Mark> = {
  seen: { from: ['unseen'], changes: 'i.seen_at IS NULL', set: 'seen_at = now()', told: "v.type = 'seen'" },
  read: {
    from: ['unseen', 'seen'],
    changes: 'i.read_at IS NULL',
    set: 'read_at = now(), seen_at = coalesce(i.seen_at, now())',
    told: "v.type = 'read' OR m.unseen",
  },
  unread: { from: ['read'], changes: 'i.read_at IS NOT NULL', set: 'read_at = NULL' },
  archived: {
    from: ['unseen', 'seen', 'read'],
    changes: 'i.archived_at IS NULL',
    set: 'archived_at = now()',
  },
  unarchived: { from: ['archived'], changes: 'i.archived_at IS NOT NULL', set: 'archived_at = NULL' },
};

/** Items that are marked by one statement. */
const STEP = 200;

/**
 * Marks items of a feed; each that changes gets a new number, and seen and read stand on its delivery's timeline, once each.
 * What someone marks has arrived, so it is confirmed, too. `all` goes from the newest that was there when it began to the
 * oldest, in steps: one that fails leaves the steps before it done.
 */
export async function markFeedItems(
  db: Database,
  feed: FeedRef,
  which: WhichFeedItems,
  as: FeedMark,
): Promise<MarkedFeedItems> {
  const marked: MarkedFeedItems = { changed: [], seq: '0' };
  for await (const ids of inSteps(db, feed, which, as)) {
    await confirmFeedItems(db, feed, ids);
    for (const { id, seq } of await mark(db, feed, ids, as)) {
      marked.changed.push({ id });
      marked.seq = seq;
    }
  }
  if (marked.changed.length === 0) marked.seq = (await feedHeads(db, [feed]))[0]!.seq;
  return marked;
}

async function* inSteps(
  db: Database,
  { tenantId, recipient }: FeedRef,
  which: WhichFeedItems,
  as: FeedMark,
): AsyncGenerator<string[]> {
  if ('ids' in which) {
    for (let n = 0; n < which.ids.length; n += STEP)
      yield which.ids.slice(n, n + STEP).map((id) => id.toLowerCase());
    return;
  }
  const { category, upTo } = which;
  let before = NO_POSITION;
  for (let found = STEP; found === STEP; ) {
    const params = [tenantId, recipient, before, STEP, category ?? null, upTo ?? null];
    const rows = await db.prepared<{ id: string; position: string }>(`feed-find-${as}`, FIND[as], params);
    found = rows.length;
    if (found === 0) return;
    before = rows.at(-1)!.position;
    yield rows.map(({ id }) => id);
  }
}

function mark(
  db: Database,
  { tenantId, recipient }: FeedRef,
  ids: readonly string[],
  as: FeedMark,
): Promise<{ id: string; seq: string }[]> {
  const { low, high } = idBounds(ids);
  const params = [tenantId, recipient, ids, ...(MARKS[as].told ? [low, high] : [])];
  return db.prepared(`feed-mark-${as}`, MARK[as], params);
}

const FIND = forEachMark(({ from }) =>
  newestItems({
    columns: 'id, position',
    states: from,
    and: [NOT_EXPIRED, '($5::text IS NULL OR category = $5)', '($6::bigint IS NULL OR seq <= $6)'],
  }),
);

/** The same however often an item is seen or read, so that it is told once; in this order where it is both at once. */
const EVENT_IDS = `(VALUES
    ('00000000-0000-8000-8000-000000000001'::uuid, 'seen'), ('00000000-0000-8000-8000-000000000002', 'read')) AS v(id, type)`;

const OF_DELIVERIES = `d.id BETWEEN $4::uuid AND $5::uuid AND d.tenant_id = $1
    AND d.channel = 'inapp'`;

const events = (told: string) => `, e AS (
  SELECT m.id AS delivery_id, v.id, v.type, NULL AS detail, NULL::timestamptz AS at FROM moved m JOIN ${EVENT_IDS} ON ${told}
), ${logEvents(OF_DELIVERIES)}`;

/**
 * The feed is locked before its items, as whoever adds to it does; items by their ids, as whoever confirms them does.
 * Numbers are taken for all that seem to change: those of items that someone else changed meanwhile stay unused.
 */
const MARK = forEachMark(({ changes, set, told }) => {
  const chosen = `i.id = ANY($3::uuid[]) AND i.tenant_id = $1 AND i.recipient = $2 AND ${changes}`;
  return `
WITH wanted AS MATERIALIZED (
  SELECT count(*) AS items FROM feed_items i WHERE ${chosen}
), bumped AS (
  UPDATE feeds f SET last_seq = f.last_seq + w.items FROM wanted w
  WHERE f.tenant_id = $1 AND f.recipient = $2 AND w.items > 0
  RETURNING f.last_seq, w.items
), locked AS MATERIALIZED (
  SELECT i.id, i.position, i.seen_at IS NULL AS unseen, b.last_seq, b.items
  FROM bumped b, feed_items i WHERE ${chosen} ORDER BY i.id FOR UPDATE OF i
), moved AS (
  UPDATE feed_items i SET ${set}, seq = n.seq
  FROM (
    SELECT id, unseen, last_seq, last_seq - items + row_number() OVER (ORDER BY position) AS seq FROM locked
  ) n
  WHERE i.id = n.id
  RETURNING i.id, n.unseen, n.last_seq
)${told ? events(told) : ''}
SELECT id, last_seq AS seq FROM moved`;
});

function forEachMark(sql: (mark: Mark) => string): Record<FeedMark, string> {
  return Object.fromEntries(Object.entries(MARKS).map(([as, mark]) => [as, sql(mark)])) as Record<
    FeedMark,
    string
  >;
}
