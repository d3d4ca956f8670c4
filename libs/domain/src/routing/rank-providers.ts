/** Where a provider stands among a channel's others. */
export interface Rankable {
  /** Lower ones are used first. */
  position: number;
  /** Its share of the messages among those of its position; one without weight is used when no other can. */
  weight: number;
}

/**
 * The providers in the order in which to try them for one message: by position, and within a position drawn by weight
 * (Efraimidis and Spirakis, Weighted random sampling, 2006: the key -ln(u)/w of each, in order).
 * @param random gives numbers in [0, 1)
 */
export function rankProviders<P extends Rankable>(providers: readonly P[], random: () => number): P[] {
  if (providers.length < 2) return [...providers];
  return providers
    .map((provider) => ({
      provider,
      key: provider.weight > 0 ? -Math.log(1 - random()) / provider.weight : Number.POSITIVE_INFINITY,
    }))
    .sort((a, b) => a.provider.position - b.provider.position || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ provider }) => provider);
}
