import { idBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { byIds, sameId } from './by-ids';

/** Extends the leases of deliveries that a worker still holds; returns the ids that it does hold. */
export async function extendLeases(
  db: Database,
  held: readonly { id: string; claim: number }[],
  leaseMs: number,
): Promise<Set<string>> {
  const { low, high } = idBounds(held.map((h) => h.id));
  const rows = await db.prepared<{ id: string }>(
    'extend-leases',
    `UPDATE deliveries d SET lease_until = now() + $3::integer * interval '1 millisecond'
     FROM unnest($1::uuid[], $2::integer[]) AS h(id, claim)
     WHERE ${byIds('SELECT unnest($1::uuid[])')} AND ${sameId('h.id')} AND d.claim = h.claim
       AND d.state = 'sending' AND d.id BETWEEN $4::uuid AND $5::uuid
     RETURNING d.id`,
    [held.map((h) => h.id), held.map((h) => h.claim), leaseMs, low, high],
  );
  return new Set(rows.map((row) => row.id));
}
