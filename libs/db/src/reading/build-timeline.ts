import { type DeliveryState, type TimelineEntryDto } from '@herald/contracts';
import { type AttemptRow, type DeliveryRow, type EventRow } from './delivery-rows';
import { present } from './present';

type Entry = Omit<TimelineEntryDto, 'at'> & { at: Date };

/** Ends that the recording statement writes without an event of their own; the row itself tells of them. */
const TOLD_BY_THE_ROW: readonly DeliveryState[] = ['failed', 'dead', 'skipped', 'canceled', 'expired'];

/**
 * What happened to a delivery, in order. It was accepted (and put off, if so) first, whatever the clocks of the workers
 * say; the rest is merged by time: each call of a provider, each time that one accepted it, the events, and how it
 * ended.
 */
export function buildTimeline(
  delivery: DeliveryRow,
  attempts: readonly AttemptRow[],
  events: readonly EventRow[],
): TimelineEntryDto[] {
  const later = [
    ...attempts.flatMap(attemptEntries),
    ...events.map(eventEntry),
    ...endEntry(delivery, events),
  ];
  // The sort is stable: of what happened in the same millisecond, a call comes before what followed from it.
  later.sort((a, b) => a.at.getTime() - b.at.getTime());
  return [...firstEntries(delivery), ...later.filter(isFirstSent)].map(toView);
}

/**
 * Several targets can be accepted in one attempt: with the first of them the delivery was sent. A receipt that says so
 * before the answer is recorded adds nothing to it, and tells it where no answer came.
 */
function isFirstSent({ type, attempt }: Entry, at: number, all: readonly Entry[]): boolean {
  if (type !== 'sent') return true;
  const call = attempt ?? all.slice(0, at).findLast((each) => each.type === 'attempt')?.attempt;
  const answered = all.findIndex((each) => each.type === 'sent' && each.attempt === call);
  return attempt === undefined ? call === undefined || answered < 0 : answered === at;
}

function firstEntries(delivery: DeliveryRow): Entry[] {
  const at = delivery.createdAt;
  const accepted: Entry = { at, type: 'accepted' };
  if (!delivery.sendAt || delivery.address === null) return [accepted];
  const detail = delivery.sendAt.toISOString();
  return [accepted, { at, type: 'scheduled', reason: 'scheduled_by_request', detail }];
}

function attemptEntries(attempt: AttemptRow): Entry[] {
  const call: Entry = {
    at: attempt.startedAt,
    type: 'attempt',
    reason: attempt.reason ?? undefined,
    detail: attempt.code ?? undefined,
    attempt: attempt.number,
  };
  if (attempt.outcome !== 'accepted') return [call];
  const answeredAt = new Date(attempt.startedAt.getTime() + attempt.durationMs);
  return [call, { at: answeredAt, type: 'sent', attempt: attempt.number }];
}

function eventEntry(event: EventRow): Entry {
  return {
    at: event.at,
    type: event.type,
    reason: event.reason ?? undefined,
    detail: event.detail ?? undefined,
  };
}

function endEntry(delivery: DeliveryRow, events: readonly EventRow[]): Entry[] {
  const { state, reason, code, updatedAt } = delivery;
  if (!TOLD_BY_THE_ROW.includes(state)) return [];
  const sinceReplay = events.slice(events.findLastIndex((event) => event.type === 'replayed') + 1);
  const told = sinceReplay.some((event) => event.type === state || event.type === 'discarded');
  if (told) return [];
  return [{ at: updatedAt, type: state, reason: reason ?? undefined, detail: code ?? undefined }];
}

function toView(entry: Entry): TimelineEntryDto {
  return present<TimelineEntryDto>({ ...entry, at: entry.at.toISOString() });
}
