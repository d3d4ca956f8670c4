/**
 * The life of a delivery.
 *
 *   scheduled    waits in Postgres for its time (`sendAt`, or a retry that is minutes away)
 *   queued       due now or within moments; a job in Redis rings for it
 *   sending      claimed by a worker under a lease; a provider is (about to be) called
 *   sent         a provider accepted it
 *   delivered    a receipt says that it arrived
 *   undelivered  a receipt says that it did not arrive
 *   failed       ended without being accepted, for a reason that nobody can mend by trying again
 *   dead         a dead letter: ended for a reason that someone should look at; can be replayed
 *   skipped      deliberately not sent (suppression, missing contact point)
 *   canceled     canceled before a provider was called
 *   expired      its `expiresAt` passed before a provider was called
 */
export const DELIVERY_STATES = [
  'scheduled',
  'queued',
  'sending',
  'sent',
  'delivered',
  'undelivered',
  'failed',
  'dead',
  'skipped',
  'canceled',
  'expired',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Every allowed change of state. The statements that write states in libs/db name their `from` states out of this table. */
export const TRANSITIONS: Record<DeliveryState, readonly DeliveryState[]> = {
  scheduled: ['queued', 'canceled', 'sent', 'delivered', 'undelivered'],
  queued: ['sending', 'canceled', 'sent', 'delivered', 'undelivered'],
  sending: [
    'sent',
    'delivered',
    'undelivered',
    'queued',
    'scheduled',
    'failed',
    'dead',
    'skipped',
    'canceled',
    'expired',
  ],
  // Back to queued only when no receipt came in time and another provider is left.
  sent: ['delivered', 'undelivered', 'queued'],
  undelivered: ['delivered', 'queued'],
  delivered: [],
  failed: ['queued'],
  dead: ['queued', 'failed', 'sent', 'delivered', 'undelivered'],
  skipped: ['queued'],
  canceled: [],
  expired: [],
};

/** Whether a delivery may go from one state to another. */
export function canTransition(from: DeliveryState, to: DeliveryState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** The states from which `to` can be reached, for a guarded UPDATE. */
export function statesLeadingTo(to: DeliveryState): DeliveryState[] {
  return DELIVERY_STATES.filter((from) => canTransition(from, to));
}

/** States in which Herald still has work to do by itself. */
export const OPEN_STATES = ['scheduled', 'queued', 'sending'] as const satisfies readonly DeliveryState[];

/** Whether nothing more will happen unless someone (or a receipt) acts. */
export function isSettled(state: DeliveryState): boolean {
  return !(OPEN_STATES as readonly DeliveryState[]).includes(state);
}

/** States a person may ask to try again from (`POST /v1/deliveries/{id}/retry`). */
export const RETRYABLE_STATES = statesLeadingTo('queued').filter((s) => s !== 'sending' && s !== 'sent');

/** What a provider's receipt says of a delivery. */
export type ReceiptState = 'sent' | 'undelivered' | 'delivered';

/**
 * What else a provider tells of a message. It changes no state: it stands in the timeline.
 *
 *   deferred      the receiving side asked the provider to try again later
 *   opened        the message was looked at
 *   clicked       a link in it was followed
 *   complained    the recipient called it spam
 *   unsubscribed  the recipient used the provider's own way to opt out
 *   seen          the recipient had an item of the in-app feed before its eyes
 *   read          the recipient opened the item, or marked it as read
 */
export const RECEIPT_EVENTS = [
  'deferred',
  'opened',
  'clicked',
  'complained',
  'unsubscribed',
  'seen',
  'read',
] as const;
export type ReceiptEvent = (typeof RECEIPT_EVENTS)[number];

/** Receipts come late, doubled and out of order: only one of a higher rank than what is known changes anything. */
export const RECEIPT_RANK: Record<ReceiptState, number> = { sent: 1, undelivered: 2, delivered: 3 };
