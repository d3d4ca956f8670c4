/** An endpoint that failed for so long without one success is disabled, in milliseconds. */
export const ENDPOINT_PATIENCE_MS = 5 * 24 * 3_600_000;

/** What is known of how an endpoint answers. */
export interface EndpointHealth {
  /** Its URL answered 410 Gone. */
  gone: boolean;
  /** The first failure since the last success; null when there was none. */
  failingSince: Date | null;
  /** The last failure. */
  failedAt: Date | null;
}

/**
 * Why an endpoint is to be disabled, if it is. What counts is how far its first and its last failure are apart: an
 * endpoint that failed once and was asked nothing since is not known to be broken.
 */
export function endpointVerdict({
  gone,
  failingSince,
  failedAt,
}: EndpointHealth): 'gone' | 'failing' | undefined {
  if (gone) return 'gone';
  if (!failingSince || !failedAt) return undefined;
  return failedAt.getTime() - failingSince.getTime() >= ENDPOINT_PATIENCE_MS ? 'failing' : undefined;
}
