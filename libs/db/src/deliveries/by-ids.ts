/**
 * The condition by which a statement finds the deliveries `d` that it changes, locks, or reads beside others that it changes.
 * Not a join on the partition key: PostgreSQL 18.4 can pass over rows then that somebody else changed meanwhile, and says
 * nothing (see docs/adr/0009). Nor is it planned as a walk through all that lie between the first and the last.
 * @param ids a sub-select of one column. Bounds of the ids are wanted beside it: an array prunes no partitions.
 */
export function byIds(ids: string): string {
  return `d.id = ANY(ARRAY(${ids}))`;
}

/** The condition beside it that joins what comes with the ids: as text, by which no partition is looked up. */
export function sameId(other: string): string {
  return `d.id::text = ${other}::text`;
}
