import { type DeliveryState } from './delivery-state';

/**
 * What became of a notification as a whole, derived from its deliveries and never stored.
 *   accepted   durable; nothing was sent yet
 *   processing some deliveries are settled, others are not
 *   completed  all are settled and at least one was sent
 *   failed     all are settled and none was sent
 *   canceled   all that are settled were canceled
 */
export const NOTIFICATION_STATES = ['accepted', 'processing', 'completed', 'failed', 'canceled'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

const OPEN: readonly DeliveryState[] = ['scheduled', 'queued', 'sending'];
const SUCCEEDED: readonly DeliveryState[] = ['sent', 'delivered'];

/** Derives the state of a notification from how many of its deliveries are in which state. */
export function notificationState(counts: Partial<Record<DeliveryState, number>>): NotificationState {
  const states = (Object.keys(counts) as DeliveryState[]).filter((s) => (counts[s] ?? 0) > 0);
  const open = states.filter((s) => OPEN.includes(s));
  if (open.length === states.length) return states.includes('sending') ? 'processing' : 'accepted';
  if (open.length > 0) return 'processing';
  if (states.some((s) => SUCCEEDED.includes(s))) return 'completed';
  return states.includes('canceled') ? 'canceled' : 'failed';
}
