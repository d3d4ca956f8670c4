import { type ClaimedDelivery } from '@herald/db';
import { newId } from '@herald/domain';

/** A delivery as a worker claims it for the first time. */
export function claimedDelivery(over: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  const now = new Date();
  return {
    id: newId(now.getTime()),
    notificationId: newId(now.getTime()),
    tenantId: newId(now.getTime()),
    channel: 'sms',
    lane: 'default',
    live: true,
    policy: 'at_least_once',
    address: '+4915112345678',
    locale: null,
    timezone: null,
    claim: 1,
    attempt: 1,
    attemptsInPolicy: 1,
    firstDueAt: now,
    createdAt: now,
    expiresAt: null,
    tried: null,
    unconfirmed: false,
    receiptWaitMs: null,
    content: {},
    suppressed: null,
    toEndpoint: false,
    traceparent: null,
    ...over,
  };
}
