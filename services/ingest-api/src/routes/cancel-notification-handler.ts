import {
  type AcceptedDeliveryDto,
  type CancelResultDto,
  type DeliveryState,
  notificationState,
} from '@herald/contracts';
import { type AfterCancel, cancelNotification } from '@herald/db';
import { type RouteResult } from '@herald/platform';
import { notFound, ownerOf, type ReadDeps, type TenantContext } from './read-deps';

/** Cancels; a delivery that an earlier call canceled counts as canceled again, so a repeat gets the same answer. */
export function cancelNotificationHandler({ db }: ReadDeps) {
  return async ({ principal, params }: TenantContext): Promise<RouteResult> => {
    const id = params.id as string;
    const deliveries = await cancelNotification(db, ownerOf(principal), id);
    if (!deliveries) throw notFound('notification');
    const canceled = deliveries.filter((delivery) => delivery.state === 'canceled');
    const others = deliveries.filter((delivery) => delivery.state !== 'canceled');
    const body: CancelResultDto = {
      id: id.toLowerCase(),
      state: notificationState(countStates(deliveries)),
      canceled: canceled.map(toView),
      notCanceled: others.map(toView),
    };
    return { status: 200, body };
  };
}

function countStates(deliveries: readonly AfterCancel[]): Partial<Record<DeliveryState, number>> {
  const counts: Partial<Record<DeliveryState, number>> = {};
  for (const { state } of deliveries) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function toView({ id, recipient, channel, state, reason }: AfterCancel): AcceptedDeliveryDto {
  return { id, recipient, channel, state, ...(reason && { reason }) };
}
