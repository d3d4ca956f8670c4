import type { EmailEvent, EventsAction, FailAction } from '../behaviours/behaviour';
import type { MailStatus } from './sendgrid-message';

/** An event of a mail, `atMs` milliseconds after it was accepted, with what it has beside the fields of every event. */
export interface PlannedEvent {
  atMs: number;
  event: string;
  /** What the mail is from then on. */
  status?: MailStatus;
  fields: Record<string, unknown>;
}

const STEP_MS = 50;

const REFUSAL = { status: '5.1.1', reason: '550 5.1.1 refused by a sandbox rule' };

/** What each asked-for event looks like (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event). */
const EVENTS: Record<EmailEvent, Omit<PlannedEvent, 'atMs'>> = {
  deferred: {
    event: 'deferred',
    status: 'deferred',
    fields: { response: '451 4.3.0 try again later', attempt: '1' },
  },
  bounce: {
    event: 'bounce',
    status: 'undelivered',
    fields: { type: 'bounce', bounce_classification: 'Invalid Address', ...REFUSAL },
  },
  blocked: {
    event: 'bounce',
    status: 'undelivered',
    fields: {
      type: 'blocked',
      bounce_classification: 'Reputation',
      status: '5.7.1',
      reason: '554 5.7.1 refused by a sandbox rule',
    },
  },
  dropped: { event: 'dropped', status: 'undelivered', fields: { reason: 'Bounced Address' } },
  open: { event: 'open', fields: { useragent: 'Sandbox/1.0', ip: '192.0.2.1', sg_machine_open: false } },
  click: {
    event: 'click',
    fields: { useragent: 'Sandbox/1.0', ip: '192.0.2.1', url: 'https://example.com/' },
  },
  spamreport: { event: 'spamreport', fields: {} },
  unsubscribe: { event: 'unsubscribe', fields: {} },
  group_unsubscribe: { event: 'group_unsubscribe', fields: { asm_group_id: 1 } },
  group_resubscribe: { event: 'group_resubscribe', fields: { asm_group_id: 1 } },
};

const DELIVERED = { event: 'delivered', status: 'delivered', fields: { response: '250 OK' } } as const;

/** Ends that take the place of a delivery. */
const FINAL: readonly EmailEvent[] = ['bounce', 'blocked'];

/** What happens to a mail, in order: processed and delivered, unless it is asked to fare otherwise. */
export function planEvents(asked: readonly EmailEvent[]): PlannedEvent[] {
  if (asked.includes('dropped')) return inTime([EVENTS.dropped]);
  const ends = asked.filter((name) => FINAL.includes(name));
  const before = asked.filter((name) => name === 'deferred');
  const after = asked.filter((name) => name !== 'deferred' && !FINAL.includes(name));
  return inTime([
    { event: 'processed', fields: {} },
    ...before.map((name) => EVENTS[name]),
    ...(ends.length > 0 ? ends.map((name) => EVENTS[name]) : [DELIVERED]),
    ...after.map((name) => EVENTS[name]),
  ]);
}

/** When each is posted, by the rule's mode. One that is doubled comes again as the same event. */
export function planPosts(plan: PlannedEvent[], rule: EventsAction | undefined): PlannedEvent[] {
  switch (rule?.mode) {
    case undefined:
    case 'prompt':
      return plan;
    case 'none':
      return [];
    case 'late':
      return plan.map((planned) => ({ ...planned, atMs: planned.atMs + rule.delayMs }));
    case 'doubled':
      return plan.flatMap((planned) => [planned, { ...planned, atMs: planned.atMs + 2 * STEP_MS }]);
    case 'reordered': {
      const times = plan.map(({ atMs }) => atMs);
      return [...plan].reverse().map((planned, index) => ({ ...planned, atMs: times[index] ?? STEP_MS }));
    }
  }
}

/**
 * A refusal as mail servers give it (one with an enhanced status, or with a code that HTTP does not have) is not
 * SendGrid's: it takes the mail, and hears the refusal later. The others are HTTP statuses.
 */
export function refusedLater({ code, enhanced }: FailAction): PlannedEvent[] | undefined {
  const bySmtp =
    enhanced !== undefined || [421, 450, 451, 452].includes(code) || (code >= 550 && code <= 559);
  if (!bySmtp) return undefined;
  const text = `${code} ${enhanced === undefined ? '' : `${enhanced} `}refused by a sandbox rule`;
  const status = enhanced ?? String(code);
  if (code < 500) {
    const plan = planEvents(['deferred']);
    return plan.map((one) =>
      one.event === 'deferred' ? { ...one, fields: { ...one.fields, response: text, status } } : one,
    );
  }
  // What is wrong with the mailbox (RFC 3463: 5.1 and 5.2.1) is a bounce; the rest blocks this message only.
  const hard = /^5\.(1\.\d+|2\.1)$|^55[0134]$/.test(status);
  return planEvents([hard ? 'bounce' : 'blocked']).map((one) =>
    one.event === 'bounce' ? { ...one, fields: { ...one.fields, status, reason: text } } : one,
  );
}

const inTime = (events: Omit<PlannedEvent, 'atMs'>[]): PlannedEvent[] =>
  events.map((event, index) => ({ ...event, atMs: STEP_MS * (index + 1) }));
