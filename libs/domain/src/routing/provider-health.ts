/** What is remembered of a provider's last calls, the newest counting most. */
export interface ProviderHealth {
  /** Share of calls that the provider failed, 0 to 1. */
  errors: number;
  /** Of calls that it answered, in milliseconds; undefined before the first. */
  latencyMs: number | undefined;
  /** Epoch milliseconds of the last call. */
  at: number;
}

/** How much one call counts against all before it: about the last 20 are remembered. */
const CALL_SHARE = 0.1;
/** What is known loses half of its weight in this time, so that a provider that is avoided is tried again. */
const HALF_LIFE_MS = 60_000;
/** A provider is slow when it takes so many times as long as the fastest of the others; networks differ by less. */
const SLOW = 2;
/** However badly one does, this part of its weight is left: how else would it show that it is well again? */
const LEAST = 0.02;

/** What is known after one more call. */
export function afterCall(
  health: ProviderHealth | undefined,
  call: { failed: boolean; durationMs: number; now: number },
): ProviderHealth {
  const { failed, durationMs, now } = call;
  const errors = (health?.errors ?? 0) * (1 - CALL_SHARE) + (failed ? CALL_SHARE : 0);
  const before = health?.latencyMs;
  const latencyMs = failed
    ? before
    : before === undefined
      ? durationMs
      : before + CALL_SHARE * (durationMs - before);
  return { errors, latencyMs, at: now };
}

/**
 * By how much each provider's weight is to be multiplied, 0.02 to 1, compared with the others of its position: one that
 * errs more than the best, or takes more than twice as long as the fastest, gets less. When all do equally badly nothing
 * moves. What was seen counts for less as time passes.
 */
export function healthFactors(healths: readonly (ProviderHealth | undefined)[], now: number): number[] {
  const errors = healths.map((health) => Math.min(health?.errors ?? 0, 0.999));
  const fewest = Math.min(...errors);
  const latencies = healths.map((health) => health?.latencyMs);
  const fastest = Math.max(1, Math.min(...latencies.map((ms) => ms ?? Number.POSITIVE_INFINITY)));
  return healths.map((health, index) => {
    if (!health) return 1;
    const reliability = ((1 - errors[index]!) / (1 - fewest)) ** 2;
    const latency = latencies[index];
    const speed = latency === undefined || latency === 0 ? 1 : Math.min(1, (SLOW * fastest) / latency);
    const remembered = 2 ** (-Math.max(0, now - health.at) / HALF_LIFE_MS);
    return Math.max(LEAST, 1 - (1 - reliability * speed) * remembered);
  });
}
