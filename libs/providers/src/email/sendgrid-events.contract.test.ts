import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type Reason } from '@herald/contracts';
import { type Receipt, type ReceiptRequest } from '@herald/delivery';
import { type SuppressionReason } from '@herald/domain';
import { describeProviderContract, type HttpReply } from '@herald/testing';
import { type SendgridConfig, sendgrid } from './sendgrid';

const keys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64');
const account = keys();

const good: SendgridConfig = {
  apiKey: 'SG.0123456789.abcdef',
  from: 'Shop <shop@example.com>',
  webhookPublicKey: spki(account.publicKey),
};

const DELIVERY = '01890a5d-ac96-774b-bcce-b302099a8057';
const AT = 1_893_456_000;
const MESSAGE = '14c5d75ce93-dfd_64b469';
/** An event as SendGrid posts it, with what we had given it. */
const event = (name: string, more: object = {}) => ({
  email: 'ada@example.org',
  timestamp: AT,
  'smtp-id': '<1@example.com>',
  event: name,
  sg_event_id: `${name}-1`,
  sg_message_id: `${MESSAGE}.filterdrecv-5645d9c87f-78xkd-1-6283B5DB-5.0`,
  herald_delivery_id: DELIVERY,
  herald_tenant_id: 'f6a1',
  ...more,
});

function signed(body: unknown): ReceiptRequest {
  const rawBody = Buffer.from(JSON.stringify(body));
  const timestamp = String(Math.floor(Date.now() / 1000));
  return {
    url: 'https://edge.example.com/v1/receipts/p1',
    headers: {
      'content-type': 'application/json',
      'x-twilio-email-event-webhook-timestamp': timestamp,
      'x-twilio-email-event-webhook-signature': sign(
        'sha256',
        Buffer.concat([Buffer.from(timestamp), rawBody]),
        account.privateKey,
      ).toString('base64'),
    },
    rawBody,
  };
}

const of = { deliveryId: DELIVERY, providerMessageId: MESSAGE };
type EventReceipt = Extract<Receipt, { kind: 'event' }>;
const happened = (name: 'deferred' | 'opened' | 'clicked', eventId: string): EventReceipt => ({
  kind: 'event',
  event: name,
  eventId,
  at: new Date(AT * 1000),
  ...of,
});
const unwanted = (
  name: 'complained' | 'unsubscribed',
  eventId: string,
  suppress: SuppressionReason,
): EventReceipt => ({
  kind: 'event',
  event: name,
  eventId,
  at: new Date(AT * 1000),
  ...of,
  suppress,
});
const undelivered = (reason: Reason, code: string, suppress?: SuppressionReason): Receipt[] => [
  { kind: 'state', state: 'undelivered', reason, code, ...of, ...(suppress && { suppress }) },
];
const bounce = (type: string, status?: string, bounce_classification?: string) => [
  event('bounce', { type, status, bounce_classification, reason: '550 no such user' }),
];

const bounces: [unknown[], Receipt[]][] = [
  [bounce('bounce', '5.1.1'), undelivered('carrier_rejected', 'sendgrid_bounce_5.1.1', 'bounce')],
  [
    bounce('bounce', '5.1.1', 'Invalid Address'),
    undelivered('invalid_address', 'sendgrid_bounce_5.1.1', 'bounce'),
  ],
  [
    bounce('bounce', '550', 'Mailbox Unavailable'),
    undelivered('unreachable', 'sendgrid_bounce_550', 'bounce'),
  ],
  [bounce('blocked', '5.7.1', 'Reputation'), undelivered('carrier_rejected', 'sendgrid_blocked_5.7.1')],
  [bounce('blocked', '5.7.1', 'Content'), undelivered('carrier_rejected', 'sendgrid_blocked_5.7.1')],
  [
    bounce('blocked', 'x y', 'Frequency or Volume Too High'),
    undelivered('carrier_rejected', 'sendgrid_blocked'),
  ],
  [bounce('blocked', undefined, 'Technical Failure'), undelivered('unreachable', 'sendgrid_blocked')],
  [bounce('blocked', undefined, 'Unclassified'), undelivered('carrier_rejected', 'sendgrid_blocked')],
  [bounce('expired'), undelivered('unreachable', 'sendgrid_expired')],
  [bounce('__proto__'), undelivered('undelivered_unknown', 'sendgrid_bounce')],
];
const drops: [string, Reason, SuppressionReason?][] = [
  ['Bounced Address', 'invalid_address', 'bounce'],
  ['Invalid', 'invalid_address', 'bounce'],
  ['Unsubscribed Address', 'opted_out', 'opt_out'],
  ['Spam Reporting Address', 'opted_out', 'complaint'],
  ['Spam Content', 'content_rejected'],
  ['Invalid SMTPAPI header', 'content_rejected'],
  ['Recipient List over Package Quota', 'provider_misconfigured'],
  ['Bounced Address, or so', 'undelivered_unknown'],
];

describeProviderContract<'email', SendgridConfig, HttpReply, unknown>({
  definition: sendgrid,
  receipts: {
    config: good,
    signed,
    signsUrl: false,
    withSignature: (request, change) => ({
      ...request,
      headers: {
        ...request.headers,
        'x-twilio-email-event-webhook-signature': change(
          String(request.headers['x-twilio-email-event-webhook-signature']),
        ),
      },
    }),
    otherSecret: { ...good, webhookPublicKey: spki(keys().publicKey) },
    examples: [
      {
        name: 'processed',
        body: [event('processed')],
        receipts: [{ kind: 'state', state: 'sent', ...of }],
      },
      {
        name: 'delivered',
        body: [event('delivered', { response: '250 OK' })],
        receipts: [{ kind: 'state', state: 'delivered', ...of }],
      },
      { name: 'deferred', body: [event('deferred')], receipts: [happened('deferred', 'deferred-1')] },
      { name: 'open', body: [event('open')], receipts: [happened('opened', 'open-1')] },
      { name: 'open by a machine', body: [event('open', { sg_machine_open: true })], receipts: [] },
      { name: 'click', body: [event('click', { url: 'x' })], receipts: [happened('clicked', 'click-1')] },
      {
        name: 'spamreport',
        body: [event('spamreport')],
        receipts: [unwanted('complained', 'spamreport-1', 'complaint')],
      },
      ...['unsubscribe', 'group_unsubscribe'].map((name) => ({
        name,
        body: [event(name)],
        receipts: [unwanted('unsubscribed', `${name}-1`, 'opt_out')],
      })),
      {
        name: 'group_resubscribe',
        body: [event('group_resubscribe')],
        receipts: [{ kind: 'consent', address: 'ada@example.org', optedOut: false, at: new Date(AT * 1000) }],
      },
      {
        name: 'group_resubscribe at no time',
        body: [event('group_resubscribe', { timestamp: '1893456000' })],
        receipts: [{ kind: 'consent', address: 'ada@example.org', optedOut: false }],
      },
      { name: 'consent without an address', body: [event('group_resubscribe', { email: 7 })], receipts: [] },
      ...bounces.map(([body, receipts], index) => ({ name: `bounce ${index + 1}`, body, receipts })),
      ...drops.map(([reason, expected, suppress]) => ({
        name: `dropped: ${reason}`,
        body: [event('dropped', { reason })],
        receipts: undelivered(expected, 'sendgrid_dropped', suppress).map((receipt) => ({
          ...receipt,
          at: new Date(AT * 1000),
        })),
      })),
      {
        name: 'several, and among them what is not ours',
        body: [
          event('processed'),
          event('delivered', { herald_delivery_id: undefined }),
          event('delivered', { herald_delivery_id: ['x'] }),
          event('delivered', { herald_delivery_id: "'; drop" }),
          event('account_status_change'),
          event('constructor'),
          null,
          'delivered',
          event('open', { sg_message_id: 7 }),
        ],
        receipts: [
          { kind: 'state', state: 'sent', ...of },
          { ...happened('opened', 'open-1'), providerMessageId: undefined },
        ],
      },
      {
        name: 'an event without id or time',
        body: [event('open', { sg_event_id: null, timestamp: 'now' })],
        receipts: [{ kind: 'event', event: 'opened', eventId: `opened:${DELIVERY}:`, ...of }],
      },
      {
        name: 'a time out of reach',
        body: [event('open', { timestamp: 1e300 })],
        receipts: [{ kind: 'event', event: 'opened', eventId: 'open-1', ...of }],
      },
    ],
  },
});
