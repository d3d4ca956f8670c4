import {
  DELIVERY_STATES,
  type DeliveryState,
  isSettled,
  RECEIPT_EVENTS,
  type ReceiptEvent,
} from './delivery-state';

/** States of which a tenant's endpoints are told when a delivery comes to them. */
export const ANNOUNCED_STATES: readonly DeliveryState[] = DELIVERY_STATES.filter(isSettled);

/** What providers tell beside states, and is passed on; that a mail server wants to be asked again later is not. */
export const ANNOUNCED_RECEIPTS: readonly ReceiptEvent[] = RECEIPT_EVENTS.filter(
  (event) => event !== 'deferred',
);

/** Herald's own events, of which an endpoint may ask for some. */
export const WEBHOOK_EVENT_TYPES = [
  ...ANNOUNCED_STATES.map((state) => `delivery.${state}`),
  ...ANNOUNCED_RECEIPTS.map((event) => `delivery.${event}`),
  'endpoint.disabled',
] as const;

/** Sent when someone asks for it, whatever events the endpoint wants. */
export const TEST_EVENT_TYPE = 'endpoint.test';

/**
 * Why an endpoint gets nothing.
 *
 *   manual   a person switched it off
 *   failing  it failed for days without one success
 *   gone     it answered 410 Gone
 */
export const ENDPOINT_DISABLED_REASONS = ['manual', 'failing', 'gone'] as const;
export type EndpointDisabledReason = (typeof ENDPOINT_DISABLED_REASONS)[number];
