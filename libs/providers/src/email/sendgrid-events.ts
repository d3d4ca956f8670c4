import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { FORMATS, type Reason, type ReceiptEvent } from '@herald/contracts';
import { type Receipt, type ReceiptRequest } from '@herald/delivery';
import { type SuppressionReason } from '@herald/domain';
import { DELIVERY_ARGUMENT } from './sendgrid-mail';

const SIGNATURE = 'x-twilio-email-event-webhook-signature';
const TIMESTAMP = 'x-twilio-email-event-webhook-timestamp';

/**
 * SendGrid leaves the tolerance to the receiver. It repeats a batch for up to 24 hours; whether with a new timestamp is
 * not documented, and a refused batch is lost, while one that comes twice does no harm.
 */
const PAST_MS = 24 * 60 * 60_000;
const AHEAD_MS = 5 * 60_000;

/** SendGrid closes a batch at 768 kB; no event has less than 150 bytes. */
const MAX_EVENTS = 5000;

/** An event's fields as they came: of no known type. */
type Fields = Record<string, unknown>;
/** What every receipt of one event says. */
interface Of {
  deliveryId: string;
  providerMessageId?: string;
}
interface Failure {
  reason: Reason;
  suppress?: SuppressionReason;
}

/** The public key of a signed event webhook, as SendGrid shows it: base64 of DER (SPKI); undefined for anything else. */
export function eventWebhookKey(base64: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** ECDSA (P-256, SHA-256) over the timestamp and the body, byte for byte; false without a key to check it with. */
export function verifyEventWebhook(
  request: ReceiptRequest,
  publicKey: string | undefined,
  nowMs: number,
): boolean {
  const { [SIGNATURE]: signature, [TIMESTAMP]: timestamp } = request.headers;
  if (typeof signature !== 'string' || typeof timestamp !== 'string' || !publicKey) return false;
  if (!/^\d{1,11}$/.test(timestamp)) return false;
  const age = nowMs - Number(timestamp) * 1000;
  if (age > PAST_MS || age < -AHEAD_MS) return false;
  const given = Buffer.from(signature, 'base64');
  // The decoder passes over what is not base64: many texts would be the same signature.
  if (given.toString('base64') !== signature) return false;
  const key = eventWebhookKey(publicKey);
  const signed = Buffer.concat([Buffer.from(timestamp), request.rawBody]);
  return key !== undefined && verify('sha256', signed, key, given);
}

/** What a batch of events says of our deliveries. Events of other mail of the same account have no delivery's id. */
export function parseEvents(request: ReceiptRequest): Receipt[] {
  let events: unknown;
  try {
    events = JSON.parse(request.rawBody.toString('utf8'));
  } catch {
    return [];
  }
  return Array.isArray(events) ? events.slice(0, MAX_EVENTS).flatMap(parseEvent) : [];
}

function parseEvent(event: unknown): Receipt[] {
  if (typeof event !== 'object' || event === null) return [];
  const fields = event as Fields;
  const deliveryId = text(fields, DELIVERY_ARGUMENT);
  if (!FORMATS.uuid.check(deliveryId)) return [];
  // It begins with the id that the request was answered with, and goes on with what took which part of the work.
  const [providerMessageId] = text(fields, 'sg_message_id').split('.');
  const of: Of = { deliveryId, ...(providerMessageId && { providerMessageId }) };
  const reader = READERS.get(text(fields, 'event'));
  return reader ? reader(fields, of) : [];
}

/** Each kind of event (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event). */
const READERS = new Map<string, (fields: Fields, of: Of) => Receipt[]>([
  // Nothing new after an answer, but the answer to a request that got none.
  ['processed', (_fields, of) => [{ kind: 'state', state: 'sent', ...of }]],
  ['delivered', (_fields, of) => [{ kind: 'state', state: 'delivered', ...of }]],
  ['bounce', readBounce],
  ['dropped', readDropped],
  ['deferred', (fields, of) => [happened('deferred', fields, of)]],
  // A mail program's server that fetched the images ahead is not a person who looked.
  ['open', (fields, of) => (fields.sg_machine_open === true ? [] : [happened('opened', fields, of)])],
  ['click', (fields, of) => [happened('clicked', fields, of)]],
  ['spamreport', (fields, of) => [happened('complained', fields, of, 'complaint')]],
  ['unsubscribe', (fields, of) => [happened('unsubscribed', fields, of, 'opt_out')]],
  ['group_unsubscribe', (fields, of) => [happened('unsubscribed', fields, of, 'opt_out')]],
  ['group_resubscribe', readResubscribe],
]);

function happened(event: ReceiptEvent, fields: Fields, of: Of, suppress?: SuppressionReason): Receipt {
  const time = timeOf(fields);
  // Without an id, as old accounts send them: the same event still has the same name.
  const name = `${event}:${of.deliveryId}:${time.at ? String(fields.timestamp) : ''}`;
  const eventId = text(fields, 'sg_event_id') || name;
  return { kind: 'event', event, eventId, ...time, ...of, ...(suppress && { suppress }) };
}

function timeOf({ timestamp }: Fields): { at?: Date } {
  const at = new Date(typeof timestamp === 'number' ? timestamp * 1000 : Number.NaN);
  return Number.isNaN(at.getTime()) ? {} : { at };
}

/**
 * Why a bounce came, by `bounce_classification`. The kinds that it does not have (old accounts, unclassified) go by
 * `type` alone.
 */
const CLASSIFICATIONS = new Map<string, Reason>([
  ['Invalid Address', 'invalid_address'],
  ['Mailbox Unavailable', 'unreachable'],
  ['Technical', 'unreachable'],
  ['Technical Failure', 'unreachable'],
  ['Content', 'carrier_rejected'],
  ['Reputation', 'carrier_rejected'],
  ['Frequency/Volume', 'carrier_rejected'],
  ['Frequency or Volume Too High', 'carrier_rejected'],
]);

/** `bounce`: SendGrid writes to the address no more. `blocked` and `expired` say nothing of the next message. */
const BOUNCES = new Map<string, Failure>([
  ['bounce', { reason: 'carrier_rejected', suppress: 'bounce' }],
  ['blocked', { reason: 'carrier_rejected' }],
  ['expired', { reason: 'unreachable' }],
]);

function readBounce(fields: Fields, of: Of): Receipt[] {
  const type = text(fields, 'type');
  const failure = BOUNCES.get(type) ?? { reason: 'undelivered_unknown' };
  const status = text(fields, 'status');
  const known = BOUNCES.has(type) ? type : 'bounce';
  const code = /^\d{3}$|^\d(\.\d{1,3}){2}$/.test(status)
    ? `sendgrid_${known}_${status}`
    : `sendgrid_${known}`;
  const reason = CLASSIFICATIONS.get(text(fields, 'bounce_classification')) ?? failure.reason;
  return [{ kind: 'state', state: 'undelivered', ...failure, reason, code, ...of }];
}

/** Why SendGrid did not even try: its documented words, each whole. */
const DROPS = new Map<string, Failure>([
  ['Bounced Address', { reason: 'invalid_address', suppress: 'bounce' }],
  ['Invalid', { reason: 'invalid_address', suppress: 'bounce' }],
  ['Unsubscribed Address', { reason: 'opted_out', suppress: 'opt_out' }],
  ['Spam Reporting Address', { reason: 'opted_out', suppress: 'complaint' }],
  ['Spam Content', { reason: 'content_rejected' }],
  ['Invalid SMTPAPI header', { reason: 'content_rejected' }],
  ['Recipient List over Package Quota', { reason: 'provider_misconfigured' }],
]);

function readDropped(fields: Fields, of: Of): Receipt[] {
  const failure = DROPS.get(text(fields, 'reason')) ?? { reason: 'undelivered_unknown' };
  return [
    { kind: 'state', state: 'undelivered', ...failure, code: 'sendgrid_dropped', ...timeOf(fields), ...of },
  ];
}

function readResubscribe(fields: Fields): Receipt[] {
  const address = text(fields, 'email');
  return FORMATS.email.check(address)
    ? [{ kind: 'consent', address, optedOut: false, ...timeOf(fields) }]
    : [];
}

/** A field's text; empty for one that is missing, inherited or no text. */
function text(fields: Fields, name: string): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' ? value : '';
}
