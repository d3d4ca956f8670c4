import { type ServerResponse } from 'node:http';
import { type FeedRef } from '@herald/db';
import { ProblemError } from '@herald/platform';
import { type BucketAnswer, type BucketLimit, feedKeyOf } from '@herald/queue';
import { type RealtimeMetrics } from '../metrics';

export interface LimitRequestsDeps {
  take(key: string, limit: BucketLimit): Promise<BucketAnswer>;
  limit: BucketLimit;
  metrics: Pick<RealtimeMetrics, 'rateLimited' | 'unlimited'>;
}

/**
 * Takes one token of the recipient's bucket and says in RateLimit headers (IETF draft-10) what is left.
 * @throws ProblemError 429 with Retry-After
 */
export async function limitRequests(
  { take, limit, metrics }: LimitRequestsDeps,
  feed: FeedRef,
  res: ServerResponse,
): Promise<void> {
  const { allowed, remaining, resetSeconds, unchecked } = await take(`feed:${feedKeyOf(feed)}`, limit);
  const windowSeconds = Math.ceil(limit.burst / limit.perSecond);
  res.setHeader('ratelimit-policy', `"burst";q=${limit.burst};w=${windowSeconds}`);
  res.setHeader('ratelimit', `"burst";r=${remaining};t=${resetSeconds}`);
  if (unchecked) metrics.unlimited.inc();
  if (allowed) return;
  metrics.rateLimited.inc();
  throw new ProblemError('rate-limited', `A recipient may send ${limit.perSecond} requests a second.`, {
    headers: { 'retry-after': String(Math.max(1, resetSeconds)) },
  });
}
