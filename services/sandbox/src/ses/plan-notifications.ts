import type { EventsAction } from '../behaviours/behaviour';
import { type PlannedEvent, planEvents, planPosts } from '../sendgrid/plan-events';

/** A notification of a mail, `atMs` milliseconds after it was accepted. */
export interface PlannedNotification {
  atMs: number;
  /** The same for one that is posted again. */
  key: string;
  /** `Bounce`, …, and what stands under its name. */
  kind: string;
  details: Record<string, unknown>;
}

type Told = Pick<PlannedNotification, 'kind' | 'details'>;

/** How SES tells what is planned, by the names that rules have. */
const TOLD: Record<string, (recipient: string, planned: PlannedEvent) => Told> = {
  processed: () => ({ kind: 'Send', details: {} }),
  delivered: (recipient) => ({
    kind: 'Delivery',
    details: { recipients: [recipient], smtpResponse: '250 OK', processingTimeMillis: 50 },
  }),
  deferred: (recipient) => ({
    kind: 'DeliveryDelay',
    details: {
      delayType: 'TransientCommunicationFailure',
      delayedRecipients: [{ emailAddress: recipient, status: '4.3.0' }],
    },
  }),
  bounce: tellBounce,
  dropped: () => ({ kind: 'Reject', details: { reason: 'Bad content' } }),
  open: () => ({ kind: 'Open', details: { ipAddress: '192.0.2.1', userAgent: 'Sandbox/1.0' } }),
  click: () => ({
    kind: 'Click',
    details: { ipAddress: '192.0.2.1', userAgent: 'Sandbox/1.0', link: 'https://example.com/' },
  }),
  spamreport: (recipient) => ({
    kind: 'Complaint',
    details: { complainedRecipients: [{ emailAddress: recipient }], complaintFeedbackType: 'abuse' },
  }),
  unsubscribe: () => ({
    kind: 'Subscription',
    details: { source: 'UnsubscribeHeader', newTopicPreferences: { unsubscribeAll: true } },
  }),
};

function tellBounce(recipient: string, { fields }: PlannedEvent): Told {
  const hard = fields.type === 'bounce';
  return {
    kind: 'Bounce',
    details: {
      bounceType: hard ? 'Permanent' : 'Transient',
      bounceSubType: hard ? 'NoEmail' : 'ContentRejected',
      bouncedRecipients: [
        { emailAddress: recipient, action: 'failed', status: fields.status, diagnosticCode: fields.reason },
      ],
    },
  };
}

/** What SES tells of a mail and when: that it was sent and delivered, unless a rule has it fare otherwise. */
export function planNotifications(recipient: string, rule: EventsAction | undefined): PlannedNotification[] {
  return planPosts(planEvents(rule?.events ?? []), rule).flatMap((planned) => {
    const told = TOLD[planned.event]?.(recipient, planned);
    return told ? [{ atMs: planned.atMs, key: planned.event, ...told }] : [];
  });
}
