import { type StoredState } from './feed-item';

/** Higher than any position. */
export const NO_POSITION = '9223372036854775807';

export interface NewestItems {
  columns: string;
  states: readonly StoredState[];
  /** Further conditions on `feed_items`. */
  and: readonly string[];
}

/**
 * A query for the newest items of the feed `$1`, `$2` below the position `$3`, `$4` at most: as many of each state, read in
 * order from the index, and then the newest of those.
 */
export function newestItems({ columns, states, and }: NewestItems): string {
  const conditions = ['tenant_id = $1', 'recipient = $2', 'position < $3::bigint', ...and].join(' AND ');
  const ofState = (state: StoredState) => `(
  SELECT ${columns} FROM feed_items WHERE ${conditions} AND state = '${state}' ORDER BY position DESC LIMIT $4::integer)`;
  return `SELECT * FROM (${states.map(ofState).join(' UNION ALL ')}) newest ORDER BY position DESC LIMIT $4::integer`;
}
