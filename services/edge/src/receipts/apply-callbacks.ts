import {
  applyConsent,
  type Database,
  type ReceiptResult,
  type ReceiptSource,
  recordReceiptEvents,
  recordReceipts,
  type StoredCallback,
  suppressRecipients,
} from '@herald/db';
import { type EdgeMetrics } from '../metrics';
import { type ReceiptProvider } from './receipt-providers';
import { type SortedReceipts, sortReceipts } from './sort-receipts';

export interface ApplyCallbacksDeps {
  db: Database;
  findProvider(id: string): Promise<ReceiptProvider | undefined>;
  metrics: EdgeMetrics;
}

/**
 * Applies all that stored callbacks of one provider say, as if one callback had said it. They may be applied any number of
 * times, and again after a part of them was: each statement knows what was said before.
 * @throws what the statements and the provider's reader throw; with the code `provider_gone` when nobody can read them
 */
export async function applyCallbacks(
  { db, findProvider, metrics }: ApplyCallbacksDeps,
  callbacks: readonly StoredCallback[],
): Promise<void> {
  const { providerId } = callbacks[0] as StoredCallback;
  const provider = await findProvider(providerId);
  if (!provider) throw Object.assign(new Error('The provider is gone'), { code: 'provider_gone' });
  const { type, tenantId, channel } = provider;
  const each = await Promise.all(callbacks.map((callback) => read(provider, callback)));
  const { suppressions, states, events, consents } = together(each);
  const source = { providerId, tenantId, channel };
  // Before what is said of consent: an opt-in lifts the opt-outs before it, of the same callback too.
  await suppressRecipients(db, source, suppressions);
  const results = [
    ...(await recordReceipts(db, source, states)),
    ...(await applyEvents(db, source, events, metrics)),
    ...(await applyConsents(db, source, consents)),
  ];
  for (const result of results) metrics.receipts.inc({ provider: type, result });
  for (const said of each) metrics.receipts.inc({ provider: type, result: 'ignored' }, idleIn(said));
}

async function read(
  { receipts }: ReceiptProvider,
  { url, contentType, body, deliveryId, receivedAt }: StoredCallback,
): Promise<SortedReceipts> {
  const request = { url, headers: { 'content-type': contentType }, rawBody: body };
  return sortReceipts(await receipts.parse(request), deliveryId, receivedAt);
}

function together(each: readonly SortedReceipts[]): Omit<SortedReceipts, 'unusable'> {
  return {
    states: each.flatMap((said) => said.states),
    events: each.flatMap((said) => said.events),
    suppressions: each.flatMap((said) => said.suppressions),
    consents: each.flatMap((said) => said.consents),
  };
}

/** How much of a callback counts as ignored: what cannot be used, and one that says nothing at all. */
function idleIn({ states, events, consents, unusable }: SortedReceipts): number {
  return states.length + events.length + consents.length === 0 ? Math.max(1, unusable) : unusable;
}

async function applyEvents(
  db: Database,
  source: ReceiptSource,
  events: SortedReceipts['events'],
  metrics: EdgeMetrics,
): Promise<ReceiptResult[]> {
  const results = await recordReceiptEvents(db, source, events);
  for (const [n, { event }] of events.entries()) {
    if (results[n] === 'applied') metrics.engagement.inc({ channel: source.channel, event });
  }
  return results;
}

async function applyConsents(
  db: Database,
  { tenantId, channel }: ReceiptSource,
  consents: SortedReceipts['consents'],
): Promise<ReceiptResult[]> {
  const results: ReceiptResult[] = [];
  for (const consent of consents) results.push(await applyConsent(db, { ...consent, tenantId, channel }));
  return results;
}
