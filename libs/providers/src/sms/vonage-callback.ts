import { type ReceiptState } from '@herald/contracts';
import { type Receipt } from '@herald/delivery';
import { consentOf } from './opt-out-keywords';
import { type ReceiptFailure } from './receipt-failure';

/** accepted and buffered: the carrier has it and works on it. */
const STATES = new Map<string, ReceiptState>([
  ['submitted', 'sent'],
  ['accepted', 'sent'],
  ['buffered', 'sent'],
  ['delivered', 'delivered'],
  ['failed', 'undelivered'],
  ['rejected', 'undelivered'],
  ['expired', 'undelivered'],
  ['deleted', 'undelivered'],
  ['unknown', 'undelivered'],
]);

const UNREACHABLE: ReceiptFailure = { reason: 'unreachable' };
const REJECTED: ReceiptFailure = { reason: 'carrier_rejected' };
const UNKNOWN: ReceiptFailure = { reason: 'undelivered_unknown' };

/**
 * `err-code` (https://api.support.vonage.com/hc/en-us/articles/204014733). 1 and 99, an unknown and a general error,
 * give no reason, nor does what is not here.
 */
const FAILURES = new Map<string, ReceiptFailure>([
  // absent for now, portability, busy, network, no route, destination unreachable
  ...['2', '5', '7', '8', '11', '12'].map((code) => [code, UNREACHABLE] as const),
  // The number is not in use any more: to be removed from one's database, says Vonage.
  ['3', { ...UNREACHABLE, suppress: 'bounce' }],
  // Barred by the user at the carrier: to be removed likewise.
  ['4', { ...REJECTED, suppress: 'bounce' }],
  // spam filter, a parameter, age, blocked by the carrier, no prepaid credit
  ...['6', '10', '13', '14', '15'].map((code) => [code, REJECTED] as const),
  // The user has asked for no more messages.
  ['9', { reason: 'opted_out', suppress: 'opt_out' }],
]);

const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * What Vonage posts: a delivery receipt, one for each part of a message, or an inbound message. Its signature does not
 * cover the URL; `client-ref`, which we set to the delivery's id, is covered and says whose receipt it is.
 */
export function parseVonageCallback(fields: ReadonlyMap<string, string>): Receipt[] {
  if (!fields.has('status')) return inbound(fields);
  const state = STATES.get(fields.get('status') ?? '');
  if (!state) return [];
  const ref = fields.get('client-ref');
  const of = {
    providerMessageId: fields.get('messageId'),
    ...(ref && UUID.test(ref) && { deliveryId: ref.toLowerCase() }),
  };
  if (state !== 'undelivered') return [{ kind: 'state', state, ...of }];
  const code = fields.get('err-code') ?? '';
  const known = /^[1-9]\d{0,3}$/.test(code) && { code: `vonage_${code}` };
  return [{ kind: 'state', state, ...(FAILURES.get(code) ?? UNKNOWN), ...known, ...timeOf(fields), ...of }];
}

/** Of a long message each part is posted for itself, and none of them is a keyword. */
function inbound(fields: ReadonlyMap<string, string>): Receipt[] {
  if (fields.get('concat') === 'true') return [];
  return consentOf(fields.get('msisdn'), fields.get('text') ?? fields.get('keyword'), timeOf(fields).at);
}

/** When Vonage began to tell of it; in UTC. */
function timeOf(fields: ReadonlyMap<string, string>): { at?: Date } {
  const time = fields.get('message-timestamp') ?? '';
  const at = new Date(`${time.replace(' ', 'T')}Z`);
  return TIME.test(time) && !Number.isNaN(at.getTime()) ? { at } : {};
}
