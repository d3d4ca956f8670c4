import { LIMITS, type WebPushContentDto } from '@herald/contracts';

/** How long a push service keeps a message: not after the delivery has expired, for then it would come too late. */
export function ttlSeconds(
  { ttlSeconds: wanted = LIMITS.pushTtlSeconds }: Pick<WebPushContentDto, 'ttlSeconds'>,
  expiresAt: Date | null,
  now = Date.now(),
): number {
  if (!expiresAt) return wanted;
  return Math.max(0, Math.min(wanted, Math.floor((expiresAt.getTime() - now) / 1000)));
}
