import { type Sample } from './sample';

export interface Trend {
  name: string;
  /** Medians of the third and of the last quarter of the run. */
  before: number;
  after: number;
  /** Rises more than what it rose by chance could explain. */
  rising: boolean;
}

/** A rise of less than this part is none, nor is one of less than so many units: a few handles, MiB or keys. */
const PART = 0.1;
const UNITS = 8;

/**
 * Whether series rise in the second half of a run, when caches are full and heaps have their size: the median of the
 * last quarter is compared with that of the third.
 */
export function trendsOf(samples: readonly Sample[]): Trend[] {
  const end = samples.at(-1)?.at ?? 0;
  const names = Object.keys(samples[0]?.values ?? {});
  const median = (name: string, from: number, to: number) =>
    medianOf(
      samples.filter(({ at }) => at >= from * end && at <= to * end).map(({ values }) => values[name] ?? 0),
    );
  return names.map((name) => {
    const before = median(name, 0.5, 0.75);
    const after = median(name, 0.75, 1);
    return { name, before, after, rising: after - before > Math.max(UNITS, PART * before) };
  });
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
