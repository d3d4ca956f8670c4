import { type ServerResponse } from 'node:http';
import { ProblemError, type TenantPrincipal } from '@herald/platform';
import { type BucketAnswer, type BucketLimit } from '@herald/queue';
import { type IngestMetrics } from '../metrics';

export interface RateLimitDeps {
  take(key: string, limit: BucketLimit): Promise<BucketAnswer>;
  metrics: IngestMetrics;
}

/**
 * Takes one token of the key's bucket and says in RateLimit headers (IETF draft-10) what is left.
 * @throws ProblemError 429 with Retry-After
 */
export async function checkRateLimit(
  deps: RateLimitDeps,
  principal: TenantPrincipal,
  res: ServerResponse,
): Promise<void> {
  const { keyId, rateLimit } = principal;
  const answer = await deps.take(keyId, rateLimit);
  const windowSeconds = Math.ceil(rateLimit.burst / rateLimit.perSecond);
  res.setHeader('ratelimit-policy', `"burst";q=${rateLimit.burst};w=${windowSeconds}`);
  res.setHeader('ratelimit', `"burst";r=${answer.remaining};t=${answer.resetSeconds}`);
  if (answer.unchecked) deps.metrics.unlimited.inc();
  if (answer.allowed) return;
  deps.metrics.rateLimited.inc();
  throw new ProblemError('rate-limited', `This key may send ${rateLimit.perSecond} requests a second.`, {
    headers: { 'retry-after': String(Math.max(1, answer.resetSeconds)) },
  });
}
