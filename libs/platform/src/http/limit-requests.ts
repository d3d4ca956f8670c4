import { type ServerResponse } from 'node:http';
import { type TenantPrincipal } from '../auth/principal';
import { type Metrics } from '../metrics/metrics';
import { ProblemError } from './problem-error';

/** How many requests a caller may send, at once and a second. */
export interface RequestLimit {
  burst: number;
  perSecond: number;
}

/** What is left of a limit; as `BucketAnswer` of `TokenBuckets`. */
interface LimitAnswer {
  allowed: boolean;
  remaining: number;
  resetSeconds: number;
  unchecked?: boolean;
}

export interface LimitRequestsDeps {
  /** Takes one token of a bucket. */
  take(bucket: string, limit: RequestLimit): Promise<LimitAnswer>;
  metrics: LimitMetrics;
}

/** What a service counts of the limits of its callers. */
export function limitMetrics(metrics: Metrics) {
  return {
    rateLimited: metrics.counter({
      name: 'herald_rate_limited_total',
      help: 'Requests refused by the rate limit of their key or recipient.',
    }),
    unlimited: metrics.counter({
      name: 'herald_rate_limit_unchecked_total',
      help: 'Requests let through unchecked because Redis did not answer.',
    }),
  };
}
export type LimitMetrics = ReturnType<typeof limitMetrics>;

/** Takes one token of a bucket and counts what comes of it. */
export async function takeRequest(
  { take, metrics }: LimitRequestsDeps,
  { bucket, limit }: { bucket: string; limit: RequestLimit },
): Promise<LimitAnswer> {
  const answer = await take(bucket, limit);
  if (answer.unchecked) metrics.unlimited.inc();
  if (!answer.allowed) metrics.rateLimited.inc();
  return answer;
}

/**
 * Takes one token of a bucket and says in RateLimit headers (IETF draft-10) what is left.
 * @param who may send that many, for the answer: "This key"
 * @throws ProblemError 429 with Retry-After
 */
export async function limitRequests(
  deps: LimitRequestsDeps,
  { bucket, limit, who }: { bucket: string; limit: RequestLimit; who: string },
  res: ServerResponse,
): Promise<void> {
  const { allowed, remaining, resetSeconds } = await takeRequest(deps, { bucket, limit });
  const windowSeconds = Math.ceil(limit.burst / limit.perSecond);
  res.setHeader('ratelimit-policy', `"burst";q=${limit.burst};w=${windowSeconds}`);
  res.setHeader('ratelimit', `"burst";r=${remaining};t=${resetSeconds}`);
  if (allowed) return;
  throw new ProblemError('rate-limited', `${who} may send ${limit.perSecond} requests a second.`, {
    headers: { 'retry-after': String(Math.max(1, resetSeconds)) },
  });
}

/** `limitRequests` by a key's own limit. Each API counts for itself: `api` names its buckets. @throws ProblemError 429 */
export function limitKey(
  deps: LimitRequestsDeps,
  { keyId, rateLimit }: TenantPrincipal,
  res: ServerResponse,
  api?: string,
): Promise<void> {
  const bucket = api === undefined ? keyId : `${api}:${keyId}`;
  return limitRequests(deps, { bucket, limit: rateLimit, who: 'This key' }, res);
}
