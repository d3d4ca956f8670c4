/** A stretch of time in whole milliseconds, both ends included. */
export interface TimeSlice {
  from: number;
  to: number;
}

const DAY_MS = 86_400_000;
/** Days that the first slices span; what is older is one last slice. */
const SPANS = [1, 8, 64];
/** The highest time that a UUIDv7 can carry. */
const MAX_MS = 2 ** 48 - 1;

/**
 * Cuts a time range into slices, newest first and growing: a list that is newest first mostly finds its page in the
 * first slice, which touches a partition or two, and the work for a filter that matches very much is bounded by a day.
 */
export function timeSlices(range: { from?: number; to?: number }, now: number): TimeSlice[] {
  const from = Math.max(0, range.from ?? 0);
  let to = Math.min(MAX_MS, range.to ?? MAX_MS);
  const slices: TimeSlice[] = [];
  for (const days of SPANS) {
    // Ids are made by the clocks of several machines: the newest slice is open towards the future.
    const start = Math.min(to, now) - days * DAY_MS + 1;
    if (start <= from) break;
    slices.push({ from: start, to });
    to = start - 1;
  }
  return from <= to ? [...slices, { from, to }] : slices;
}
