import { FORMATS, type Reason, type ReceiptEvent } from '@herald/contracts';
import { type Receipt, type ReceiptRequest } from '@herald/delivery';
import { type SuppressionReason } from '@herald/domain';
import { taggedDelivery } from './ses-tags';
import { parseObject, parseSnsMessage, textOf } from './sns-message';

/** A part of a notification as it came: of no known type. */
type Fields = Record<string, unknown>;

/** What every receipt of one notification says, and how it is called. */
interface Of {
  deliveryId: string;
  providerMessageId?: string;
}

interface Notice {
  /** The object that belongs to the kind of event: `bounce`, `open`, … */
  details: Fields;
  /** SNS' id of the message, the same whenever it posts it. */
  snsId: string;
  of: Of;
}

interface Failure {
  reason: Reason;
  suppress?: SuppressionReason;
}

/**
 * What a notification of SES says of one of our deliveries: that of an identity (`notificationType`) or one of event
 * publishing (`eventType`). Other mail of the same account has no delivery's id.
 */
export function parseNotification(request: ReceiptRequest): Receipt[] {
  const envelope = parseSnsMessage(request);
  const notification = envelope?.type === 'Notification' ? parseObject(envelope.message) : undefined;
  if (!envelope || !notification) return [];
  const mail = objectOf(notification, 'mail');
  const deliveryId = taggedDelivery(mail);
  const kind = textOf(notification, 'eventType') || textOf(notification, 'notificationType');
  const reader = READERS.get(kind);
  if (!deliveryId || !reader) return [];
  const providerMessageId = textOf(mail, 'messageId');
  const of = { deliveryId, ...(providerMessageId && { providerMessageId }) };
  const details = objectOf(notification, `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`);
  return reader({ details, snsId: envelope.messageId, of });
}

/** Each kind of event (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html). */
const READERS = new Map<string, (notice: Notice) => Receipt[]>([
  // Nothing new after an answer, but the answer to a message that got none.
  ['Send', ({ of }) => [{ kind: 'state', state: 'sent', ...of }]],
  ['Delivery', ({ of }) => [{ kind: 'state', state: 'delivered', ...of }]],
  ['Bounce', readBounce],
  ['Complaint', readComplaint],
  // SES took it, found a virus and stopped.
  ['Reject', ({ of }) => [undelivered({ reason: 'content_rejected' }, 'ses_reject', of)]],
  ['DeliveryDelay', (notice) => [happened('deferred', notice)]],
  ['Open', (notice) => [happened('opened', notice)]],
  ['Click', (notice) => [happened('clicked', notice)]],
  ['Subscription', readSubscription],
]);

const HARD: Failure = { reason: 'carrier_rejected', suppress: 'bounce' };
const NO_ADDRESS: Failure = { reason: 'invalid_address', suppress: 'bounce' };
const REFUSED: Failure = { reason: 'carrier_rejected' };
const UNREACHABLE: Failure = { reason: 'unreachable' };

/** Why a bounce came, by `bounceType` and `bounceSubType`. */
const BOUNCES = new Map<string, Failure>([
  ['Permanent_General', HARD],
  ['Permanent_NoEmail', NO_ADDRESS],
  // SES did not even try: it keeps lists of addresses that bounced, one for all its customers, others of each.
  ['Permanent_Suppressed', NO_ADDRESS],
  ['Permanent_OnAccountSuppressionList', NO_ADDRESS],
  ['Permanent_OnTenantSuppressionList', NO_ADDRESS],
  // It guesses that the address is bad, as eagerly as the account has told it to.
  ['Permanent_EmailValidationSuppressed', { reason: 'invalid_address' }],
  // Of a contact list or a topic of it, and not of all that is sent.
  ['Permanent_UnsubscribedRecipient', { reason: 'opted_out' }],
  ['Transient_General', UNREACHABLE],
  ['Transient_MailboxFull', UNREACHABLE],
  ['Transient_CustomTimeoutExceeded', UNREACHABLE],
  ['Transient_MessageTooLarge', REFUSED],
  ['Transient_ContentRejected', REFUSED],
  ['Transient_AttachmentRejected', REFUSED],
  // What has another subtype, or none.
  ['Permanent', HARD],
  ['Transient', UNREACHABLE],
]);

function readBounce({ details, of }: Notice): Receipt[] {
  const type = textOf(details, 'bounceType');
  const whole = `${type}_${textOf(details, 'bounceSubType')}`;
  const key = [whole, type].find((candidate) => BOUNCES.has(candidate)) ?? '';
  const failure = BOUNCES.get(key) ?? { reason: 'undelivered_unknown' };
  const code = ['ses', key || 'Undetermined', statusOf(details)].filter(Boolean).join('_');
  return [undelivered(failure, code, of)];
}

/** The enhanced status (RFC 3463) that the receiving side gave the one recipient that our messages have. */
function statusOf({ bouncedRecipients }: Fields): string {
  const [first] = Array.isArray(bouncedRecipients) ? (bouncedRecipients as unknown[]) : [];
  const status = isFields(first) ? textOf(first, 'status') : '';
  return /^[245](\.\d{1,3}){2}$/.test(status) ? status : '';
}

/** `complaintSubType` of a message that SES kept back, since its recipient had complained of another. */
const KEPT_BACK = new Set(['OnAccountSuppressionList', 'OnTenantSuppressionList']);

/** `complaintFeedbackType` (RFC 5965) of a report that is no complaint of the recipient. */
const NO_COMPLAINTS = new Set(['not-spam', 'auth-failure']);

function readComplaint(notice: Notice): Receipt[] {
  const { details, of } = notice;
  const kind = textOf(details, 'complaintSubType');
  if (KEPT_BACK.has(kind)) {
    return [undelivered({ reason: 'opted_out', suppress: 'complaint' }, `ses_complaint_${kind}`, of)];
  }
  if (NO_COMPLAINTS.has(textOf(details, 'complaintFeedbackType'))) return [];
  return [happened('complained', notice, 'complaint')];
}

/** Only what is said of every topic of the sender is an opt-out: what the tenant's topics are is not known here. */
function readSubscription(notice: Notice): Receipt[] {
  const { unsubscribeAll } = objectOf(notice.details, 'newTopicPreferences');
  return unsubscribeAll === true ? [happened('unsubscribed', notice, 'opt_out')] : [];
}

function undelivered(failure: Failure, code: string, of: Of): Receipt {
  return { kind: 'state', state: 'undelivered', ...failure, code, ...of };
}

const SANE_ID = /^[\x21-\x7e]{1,200}$/;

/**
 * An event. A complaint has an id of its own, which is the same for a topic that hears of it twice; else it is that of SNS,
 * or, without one, what the event says.
 */
function happened(
  event: ReceiptEvent,
  { details, snsId, of }: Notice,
  suppress?: SuppressionReason,
): Receipt {
  const timestamp = textOf(details, 'timestamp');
  const known = FORMATS['rfc3339-time'].check(timestamp);
  const ids = [textOf(details, 'feedbackId'), snsId].filter((id) => SANE_ID.test(id));
  const eventId = ids[0] ?? `${event}:${of.deliveryId}:${known ? timestamp : ''}`;
  return {
    kind: 'event',
    event,
    eventId,
    ...(known && { at: new Date(timestamp) }),
    ...of,
    ...(suppress && { suppress }),
  };
}

function objectOf(fields: Fields, name: string): Fields {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
