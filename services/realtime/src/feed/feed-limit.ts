import { type FeedRef } from '@herald/db';
import { type RequestLimit } from '@herald/platform';
import { feedKeyOf } from '@herald/queue';

/** What a recipient may ask for: its requests and the marks of all its sockets take from one bucket. */
export function feedLimit(
  feed: FeedRef,
  limit: RequestLimit,
): { bucket: string; limit: RequestLimit; who: string } {
  return { bucket: `feed:${feedKeyOf(feed)}`, limit, who: 'A recipient' };
}
