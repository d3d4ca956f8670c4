import { type FieldError, type MarkFeedDto } from '@herald/contracts';
import { type FeedHead, type FeedRef } from '@herald/db';
import { type FeedStore, type WhichItems } from './feed-store';

export type MarkResult = { ok: true; changed: number } | { ok: false; errors: FieldError[] };

/** Tells all sockets of a feed, here and in other processes, that it changed. */
export type RingFeed = (head: FeedHead) => void;

/** Marks items of a feed and rings for what changed. */
export async function markItems(
  { store, ring }: { store: Pick<FeedStore, 'mark'>; ring: RingFeed },
  feed: FeedRef,
  mark: Pick<MarkFeedDto, 'ids' | 'all' | 'category' | 'upTo' | 'as'>,
): Promise<MarkResult> {
  const errors = contradictions(mark);
  if (errors.length > 0) return { ok: false, errors };
  const { changed, head } = await store.mark(feed, whichOf(mark), mark.as);
  if (head !== undefined) ring({ ...feed, seq: String(head) });
  return { ok: true, changed };
}

function contradictions({
  ids,
  all,
  category,
  upTo,
}: Pick<MarkFeedDto, 'ids' | 'all' | 'category' | 'upTo'>) {
  const errors: FieldError[] = [];
  if (!ids && !all) errors.push({ pointer: '', detail: 'needs ids or all' });
  if (ids && all) errors.push({ pointer: '/all', detail: 'must not be given together with ids' });
  if (ids && category !== undefined) errors.push({ pointer: '/category', detail: 'is only for all' });
  if (ids && upTo !== undefined) errors.push({ pointer: '/upTo', detail: 'is only for all' });
  return errors;
}

function whichOf({ ids, category, upTo }: Pick<MarkFeedDto, 'ids' | 'category' | 'upTo'>): WhichItems {
  if (ids) return { ids };
  return { all: true, category, upTo: upTo === undefined ? undefined : Number(upTo) };
}
