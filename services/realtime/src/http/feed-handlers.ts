import { type FeedPageDto, type FeedQueryDto, type MarkFeedDto } from '@herald/contracts';
import { type FeedRef } from '@herald/db';
import { ProblemError, type RecipientPrincipal, type RouteContext } from '@herald/platform';
import { feedKeyOf } from '@herald/queue';
import { type ConfirmBehind } from '../feed/confirm-behind';
import { feedItemView } from '../feed/feed-item-view';
import { type FeedStore } from '../feed/feed-store';
import { markItems, type RingFeed } from '../feed/mark-items';
import { type RealtimeMetrics } from '../metrics';

export interface FeedHandlersDeps {
  store: Pick<FeedStore, 'page' | 'heads' | 'counts' | 'mark'>;
  confirm: Pick<ConfirmBehind, 'add'>;
  ring: RingFeed;
  metrics: Pick<RealtimeMetrics, 'confirmed'>;
}

type Ctx<Body = unknown, Query = unknown> = RouteContext<Body, Query, RecipientPrincipal>;

const DEFAULT_LIMIT = 50;

export function feedHandlers({ store, confirm, ring, metrics }: FeedHandlersDeps) {
  return {
    getFeed: async ({ principal, query }: Ctx<unknown, FeedQueryDto>) => {
      const feed = feedOf(principal);
      const { state, category, limit = DEFAULT_LIMIT, cursor } = query;
      const beforePosition = cursor === undefined ? undefined : readCursor(cursor);
      // Before the items: what changes while they are read comes again, and nothing is missed.
      const [head = 0] = await store.heads([feed]);
      const rows = await store.page(feed, { state, category, beforePosition, limit: limit + 1 });
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      const fresh = shown.filter(({ deliveredAt }) => deliveredAt === null).map(({ id }) => id);
      if (fresh.length > 0) {
        metrics.confirmed.inc({ by: 'http' }, fresh.length);
        confirm.add(feedKeyOf(feed), feed, fresh);
      }
      const body: FeedPageDto = {
        items: shown.map(feedItemView),
        ...(rows.length > limit && last && { nextCursor: writeCursor(last.position) }),
        syncCursor: String(head),
        counts: await store.counts(feed),
      };
      return { status: 200, body };
    },

    getFeedCounts: async ({ principal }: Ctx) => ({
      status: 200,
      body: await store.counts(feedOf(principal)),
    }),

    markFeed: async ({ principal, body }: Ctx<MarkFeedDto>) => {
      const result = await markItems({ store, ring }, feedOf(principal), body);
      if (!result.ok) throw new ProblemError('validation', undefined, { errors: result.errors });
      return { status: 200, body: { changed: result.changed } };
    },
  };
}

function feedOf({ tenantId, recipient }: RecipientPrincipal): FeedRef {
  return { tenantId, recipient };
}

function writeCursor(position: string): string {
  return Buffer.from(position).toString('base64url');
}

/** @throws ProblemError 422 for what `writeCursor` has not written */
function readCursor(cursor: string): string {
  const position = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^\d{1,18}$/.test(position)) return position;
  throw new ProblemError('validation', undefined, {
    errors: [{ pointer: '/query/cursor', detail: 'must be a nextCursor of this list' }],
  });
}
