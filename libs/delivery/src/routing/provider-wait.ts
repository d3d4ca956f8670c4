import { type Lane } from '@herald/contracts';
import { type ClaimedDelivery } from '@herald/db';

/**
 * What waits for a provider that fails comes back the more rarely the longer it has waited, up to this; otherwise a backlog
 * would be claimed and given back all day. What is urgent finds a provider that is well again within seconds.
 */
const LONGEST_MS: Record<Lane, number> = { critical: 10_000, default: 60_000, bulk: 300_000 };
const PART_OF_AGE = 0.25;

/**
 * How long a delivery waits until it asks for a provider again, in milliseconds. Turns that a limit gave are kept; what
 * waits for a breaker is spread, so that it does not come back as one.
 * @param random in [0, 1)
 */
export function waitForProvider(
  wait: { delayMs: number; reason: 'breaker_open' | 'provider_limit' },
  { lane, firstDueAt }: Pick<ClaimedDelivery, 'lane' | 'firstDueAt'>,
  now: number,
  random: number,
): number {
  if (wait.reason === 'provider_limit') return wait.delayMs;
  const byAge = Math.min((now - firstDueAt.getTime()) * PART_OF_AGE, LONGEST_MS[lane]);
  return Math.round(Math.max(wait.delayMs, byAge) * (1 + random));
}
