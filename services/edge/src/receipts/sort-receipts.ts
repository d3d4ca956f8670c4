import { LIMITS } from '@herald/contracts';
import {
  type Consent,
  type ReceiptEventRecord,
  type ReceiptRecord,
  type RecipientToSuppress,
} from '@herald/db';
import { type Receipt } from '@herald/delivery';

/** What a callback says, by what is to be done with it. */
export interface SortedReceipts {
  states: ReceiptRecord[];
  events: ReceiptEventRecord[];
  suppressions: RecipientToSuppress[];
  consents: Omit<Consent, 'tenantId' | 'channel'>[];
  /** How many name no delivery, no event or no address. */
  unusable: number;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SANE_ID = /^[\x21-\x7e]{1,255}$/;
const NOT_PRINTABLE = /[^\x20-\x7e]/g;
const CONTROL = /\p{Cc}/u;
const MAX_CODE_CHARS = 255;

type OfDelivery = Exclude<Receipt, { kind: 'consent' }>;

/**
 * Sorts what a callback says. Who holds a provider's credentials can sign anything, and a tenant holds its own: what could
 * not be stored (an id with a U+0000 or of 60 kB, a time in the year 275760) is left out and the rest of the receipt counts.
 * @param urlDeliveryId the delivery that the callback's URL named. Not every provider signs its URL: where the body, which
 *   is signed, names another one, the receipt was moved and is not used
 * @param receivedAt nothing that is told is newer, and what comes without a time has this one
 */
export function sortReceipts(
  receipts: readonly Receipt[],
  urlDeliveryId: string | undefined,
  receivedAt: Date,
): SortedReceipts {
  const sorted: SortedReceipts = { states: [], events: [], suppressions: [], consents: [], unusable: 0 };
  for (const receipt of receipts) {
    const usable =
      receipt.kind === 'consent'
        ? sortConsent(receipt, receivedAt, sorted)
        : sortOfDelivery(receipt, deliveryOf(receipt, urlDeliveryId), receivedAt, sorted);
    if (!usable) sorted.unusable += 1;
  }
  return sorted;
}

function deliveryOf({ deliveryId }: OfDelivery, ofUrl: string | undefined): string {
  if (deliveryId !== undefined && ofUrl !== undefined && deliveryId.toLowerCase() !== ofUrl.toLowerCase())
    return '';
  return ofUrl ?? deliveryId ?? '';
}

function sortConsent(
  { address, optedOut, at }: Receipt & { kind: 'consent' },
  receivedAt: Date,
  sorted: SortedReceipts,
): boolean {
  const given = address.trim();
  if (given === '' || given.length > LIMITS.urlChars || CONTROL.test(given)) return false;
  const told = believable(at, receivedAt);
  // Providers tell whole seconds: an opt-out of the same one may be the later word.
  const until = told && !optedOut ? new Date(told.getTime() - 1) : told;
  sorted.consents.push({ address: given, optedOut, at: until ?? receivedAt });
  return true;
}

function sortOfDelivery(
  receipt: OfDelivery,
  deliveryId: string,
  receivedAt: Date,
  sorted: SortedReceipts,
): boolean {
  if (!UUID.test(deliveryId) || (receipt.kind === 'event' && receipt.eventId === '')) return false;
  const at = believable(receipt.at, receivedAt);
  const code = receipt.code?.replace(NOT_PRINTABLE, '').slice(0, MAX_CODE_CHARS) || undefined;
  if (receipt.kind === 'event') {
    const { event, eventId } = receipt;
    sorted.events.push({ deliveryId, event, eventId, code, at });
  } else {
    const { state, reason, providerMessageId = '' } = receipt;
    const id = SANE_ID.test(providerMessageId) ? providerMessageId : undefined;
    sorted.states.push({ deliveryId, state, reason, code, providerMessageId: id });
  }
  if (receipt.suppress)
    sorted.suppressions.push({ deliveryId, reason: receipt.suppress, at: at ?? receivedAt });
  return true;
}

function believable(at: Date | undefined, receivedAt: Date): Date | undefined {
  const ms = at?.getTime() ?? Number.NaN;
  return ms > 0 && ms <= receivedAt.getTime() ? at : undefined;
}
