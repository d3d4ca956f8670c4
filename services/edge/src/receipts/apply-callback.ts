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

export interface ApplyCallbackDeps {
  db: Database;
  findProvider(id: string): Promise<ReceiptProvider | undefined>;
  metrics: EdgeMetrics;
}

/**
 * Applies all that a stored callback says. It may be applied any number of times, and again after a part of it was: each
 * statement knows what was said before.
 * @throws what the statements and the provider's reader throw; with the code `provider_gone` when nobody can read it
 */
export async function applyCallback(
  { db, findProvider, metrics }: ApplyCallbackDeps,
  callback: StoredCallback,
): Promise<void> {
  const { providerId, deliveryId, url, contentType, body, receivedAt } = callback;
  const provider = await findProvider(providerId);
  if (!provider) throw Object.assign(new Error('The provider is gone'), { code: 'provider_gone' });
  const { type, tenantId, channel } = provider;
  const request = { url, headers: { 'content-type': contentType }, rawBody: body };
  const said = sortReceipts(await provider.receipts.parse(request), deliveryId, receivedAt);
  const source = { providerId, tenantId, channel };
  // Before what is said of consent: an opt-in lifts the opt-outs before it, of the same callback too.
  await suppressRecipients(db, source, said.suppressions);
  const results = [
    ...(await recordReceipts(db, source, said.states)),
    ...(await applyEvents(db, source, said.events, metrics)),
    ...(await applyConsents(db, source, said.consents)),
  ];
  for (const result of results) metrics.receipts.inc({ provider: type, result });
  const idle = results.length === 0 ? Math.max(1, said.unusable) : said.unusable;
  metrics.receipts.inc({ provider: type, result: 'ignored' }, idle);
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
