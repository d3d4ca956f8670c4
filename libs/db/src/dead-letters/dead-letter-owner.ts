/** Whose dead letters are meant: one tenant's, and of those what live keys or what test keys posted; both when missing. */
export interface DeadLetterOwner {
  tenantId: string;
  live?: boolean;
}

/**
 * Whether a row of dead_letters is what a boolean parameter asks for; null asks for all. A sub-select, so that the
 * delivery is looked up by its id for each row: a join may read all deliveries of the partitions instead. A letter whose
 * delivery is gone is anybody's.
 * @param within what more is known of the delivery `d`, to prune partitions
 */
export function ofMode(live: `$${number}`, within = 'true'): string {
  const delivery = `SELECT d.live FROM deliveries d WHERE d.id = dead_letters.delivery_id AND ${within}`;
  return `(${live}::boolean IS NULL OR coalesce((${delivery}), ${live}) = ${live})`;
}
