import { type Channel, type DeliveryState } from '@herald/contracts';
import { highestId, idTime, lowestId } from '@herald/domain';
import { type Database } from '../connection/database';
import { havingDelivery } from './notification-deliveries';
import { type Owner } from './owner';
import { type TimeSlice, timeSlices } from './time-slices';

/** Which notifications are wanted. Conditions on deliveries hold when one delivery meets them all. */
export interface NotificationFilter {
  state?: DeliveryState;
  channel?: Channel;
  /** The recipient's address as any channel would store it; hex, see `addressKey`. */
  addressKeys?: readonly string[];
  /** All of these entries. */
  metadata?: Record<string, string>;
  /** When the notification was accepted, in epoch milliseconds, both included. */
  from?: number;
  to?: number;
  /** Only ids below this one. */
  cursor?: string;
  limit: number;
}

export interface FoundNotifications {
  /** Newest first. */
  ids: string[];
  /** Missing when there are no more. */
  nextCursor?: string;
}

/** Notifications looked at in one go when each one's deliveries must be checked. */
const SCAN = 2000;
/** A search that takes longer gives what it has and where to go on. */
const SEARCH_MS = 2000;

/**
 * Finds a page of the owner's notifications, newest first. What is selective goes first: the recipient by the index on
 * addresses, else metadata by its GIN index, else the tenant's own index. No index knows the states of settled
 * deliveries, so a filter by state or channel alone looks through the tenant's notifications in steps. It stops after
 * `searchMs` with a cursor: a page may then hold fewer than `limit` (even none) though there are more. Events of Herald's own
 * are none of them: they stand in the logs of their endpoints.
 */
export async function findNotifications(
  db: Database,
  owner: Owner,
  filter: NotificationFilter,
  searchMs = SEARCH_MS,
): Promise<FoundNotifications> {
  const now = Date.now();
  const ids: string[] = [];
  for (const slice of timeSlices(rangeOf(filter), now)) {
    let below = filter.cursor ?? highestId(slice.to);
    for (let more = true; more; ) {
      const step = await searchStep(db, owner, filter, slice, below, filter.limit + 1 - ids.length);
      ids.push(...step.ids);
      if (ids.length > filter.limit) return { ids: ids.slice(0, -1), nextCursor: ids.at(-2) };
      more = step.scannedTo !== undefined;
      below = step.scannedTo ?? below;
      if (more && Date.now() - now > searchMs) return { ids, nextCursor: below };
    }
  }
  return { ids };
}

function rangeOf({ from, to, cursor }: NotificationFilter): { from?: number; to?: number } {
  if (cursor === undefined) return { from, to };
  return { from, to: Math.min(to ?? Number.POSITIVE_INFINITY, idTime(cursor)) };
}

interface SearchStep {
  ids: string[];
  /** Where to go on in this slice; missing when it was looked through. */
  scannedTo?: string;
}

async function searchStep(
  db: Database,
  owner: Owner,
  filter: NotificationFilter,
  slice: TimeSlice,
  below: string,
  wanted: number,
): Promise<SearchStep> {
  const unchecked = !filter.addressKeys && (filter.state !== undefined || filter.channel !== undefined);
  const limit = unchecked ? SCAN : wanted;
  const candidates = await findCandidates(db, owner, filter, slice, below, limit);
  const having = unchecked ? await havingDelivery(db, candidates, filter) : undefined;
  const ids = having ? candidates.filter((id) => having.has(id)) : candidates;
  return {
    ids: ids.slice(0, wanted),
    scannedTo: candidates.length === limit ? candidates.at(-1) : undefined,
  };
}

async function findCandidates(
  db: Database,
  owner: Owner,
  filter: NotificationFilter,
  slice: TimeSlice,
  below: string,
  limit: number,
): Promise<string[]> {
  const common = [owner.tenantId, owner.live, lowestId(slice.from), highestId(slice.to), below, limit];
  const metadata = filter.metadata && JSON.stringify(filter.metadata);
  const rows = filter.addressKeys
    ? await db.rows<{ id: string }>(BY_ADDRESS, [
        ...common,
        filter.addressKeys.map((key) => Buffer.from(key, 'hex')),
        filter.channel,
        filter.state,
        metadata,
      ])
    : metadata
      ? await db.rows<{ id: string }>(BY_METADATA, [...common, metadata])
      : await db.rows<{ id: string }>(BY_TENANT, common);
  return rows.map((row) => row.id);
}

const BY_TENANT = `
SELECT id FROM notifications
WHERE tenant_id = $1 AND live = $2 AND id BETWEEN $3::uuid AND $4::uuid AND id < $5::uuid AND endpoint_id IS NULL
ORDER BY id DESC LIMIT $6`;

/** Materialised: with the limit in sight, the planner would rather walk through all that the tenant ever sent. */
const BY_METADATA = `
WITH hit AS MATERIALIZED (
  SELECT id FROM notifications
  WHERE metadata @> $7::jsonb AND tenant_id = $1 AND live = $2
    AND id BETWEEN $3::uuid AND $4::uuid AND id < $5::uuid
)
SELECT id FROM hit ORDER BY id DESC LIMIT $6`;

const BY_ADDRESS = `
WITH hit AS MATERIALIZED (
  SELECT DISTINCT notification_id AS id FROM deliveries
  WHERE address_key = ANY($7::bytea[]) AND tenant_id = $1 AND live = $2
    AND id BETWEEN $3::uuid AND $4::uuid AND notification_id < $5::uuid
    AND channel = coalesce($8, channel) AND state = coalesce($9, state) AND endpoint_id IS NULL
)
SELECT id FROM hit
WHERE $10::jsonb IS NULL OR EXISTS (
  SELECT 1 FROM notifications n
  WHERE n.id = hit.id AND n.id BETWEEN $3::uuid AND $4::uuid AND n.metadata @> $10::jsonb
)
ORDER BY id DESC LIMIT $6`;
