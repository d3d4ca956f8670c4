import { createHash } from 'node:crypto';
import { v7 } from 'uuid';

/** A new UUIDv7 (RFC 9562) of the given millisecond. */
export function newId(ms: number): string {
  return v7({ msecs: ms });
}

/** The millisecond that a UUIDv7 was made in. */
export function idTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The lowest possible id of a millisecond; for ranges over time-ordered ids. */
export function lowestId(ms: number): string {
  const hex = Math.max(0, Math.trunc(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The highest possible id of a millisecond. */
export function highestId(ms: number): string {
  const hex = Math.max(0, Math.trunc(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-ffff-ffff-ffffffffffff`;
}

/** Lowest and highest of some ids. `id = ANY(…)` prunes no partitions by itself; these bounds do. */
export function idBounds(ids: readonly string[]): { low: string; high: string } {
  let low = ids[0] as string;
  let high = low;
  for (const id of ids) {
    if (id < low) low = id;
    if (id > high) high = id;
  }
  return { low, high };
}

/**
 * The ids around some ids by whole milliseconds. A delivery's id is made in its notification's millisecond, so a
 * notification's deliveries are found by a range of the primary key and need no index of their own.
 */
export function sameMillisecondBounds(ids: readonly string[]): { low: string; high: string } {
  const { low, high } = idBounds(ids);
  return { low: lowestId(idTime(low)), high: highestId(idTime(high)) };
}

/**
 * What stands for an address in suppressions and look-ups: 16 bytes of SHA-256 over tenant, channel and the normalised
 * address, as hex. E-mail addresses are compared without regard to case.
 */
export function addressKey(tenantId: string, channel: string, address: string): string {
  const normalised = channel === 'email' ? address.trim().toLowerCase() : address.trim();
  return createHash('sha256').update(`${tenantId}\n${channel}\n${normalised}`).digest('hex').slice(0, 32);
}
