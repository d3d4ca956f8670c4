import {
  type AttemptDto,
  type Channel,
  type DeliveryDto,
  type DeviceDto,
  type WebPushSubscriptionDto,
} from '@herald/contracts';
import { type Database } from '../connection/database';
import { buildTimeline } from './build-timeline';
import { type AttemptRow, type DeliveryRow, type EventRow, loadAttempts, loadEvents } from './delivery-rows';
import { present } from './present';

/** Deliveries as the API shows them, with what is told of each: attempts and events of all are loaded at once. */
export async function loadDeliveryViews(db: Database, rows: readonly DeliveryRow[]): Promise<DeliveryDto[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const [attempts, events] = await Promise.all([loadAttempts(db, ids), loadEvents(db, ids)]);
  const attemptsOf = byDelivery(attempts);
  const eventsOf = byDelivery(events);
  return rows.map((row) => toDeliveryView(row, attemptsOf.get(row.id) ?? [], eventsOf.get(row.id) ?? []));
}

function toDeliveryView(
  row: DeliveryRow,
  attempts: readonly AttemptRow[],
  events: readonly EventRow[],
): DeliveryDto {
  const waits = row.state === 'scheduled' || row.state === 'queued';
  return present<DeliveryDto>({
    id: row.id,
    notificationId: row.notificationId,
    recipient: row.recipient,
    channel: row.channel,
    to: row.address && shownAddress(row.channel, row.address),
    priority: row.lane,
    state: row.state,
    reason: row.reason,
    provider: row.provider,
    providerMessageId: row.providerMessageId,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    nextAttemptAt: waits ? row.dueAt?.toISOString() : undefined,
    sentAt: row.sentAt?.toISOString(),
    deliveredAt: row.deliveredAt?.toISOString(),
    attempts: attempts.map(toAttemptView),
    timeline: buildTimeline(row, attempts, events),
  });
}

/** The address of the one target, or those of several with commas between. */
function shownAddress(channel: Channel, address: string): string {
  if (channel === 'push') return (JSON.parse(address) as DeviceDto[]).map(({ token }) => token).join(', ');
  if (channel !== 'webpush') return address;
  return (JSON.parse(address) as WebPushSubscriptionDto[]).map(({ endpoint }) => endpoint).join(', ');
}

function toAttemptView(row: AttemptRow): AttemptDto {
  return present<AttemptDto>({
    number: row.number,
    provider: row.provider,
    startedAt: row.startedAt.toISOString(),
    durationMs: row.durationMs,
    outcome: row.outcome,
    reason: row.reason,
    code: row.code,
    detail: row.detail,
    providerMessageId: row.providerMessageId,
    facts: row.facts,
  });
}

function byDelivery<T extends { deliveryId: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.deliveryId);
    if (group) group.push(row);
    else groups.set(row.deliveryId, [row]);
  }
  return groups;
}
