/** The value that this part (0 to 1) of the ascending values does not exceed; NaN when there is none. */
export function percentile(ascending: ArrayLike<number>, part: number): number {
  const rank = Math.max(1, Math.ceil(part * ascending.length));
  return ascending[rank - 1] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
