import { createTenant, type Database } from '@herald/db';
import { type Receipt } from '@herald/delivery';
import { newId } from '@herald/domain';
import { type ReceiptProvider } from '../receipts/receipt-providers';

/** What signs the callbacks of a scripted provider, as the header `x-secret`. */
export const SECRET = 'the secret';

/**
 * A provider of SMS whose callbacks are the receipts themselves, as JSON. `"confirm"` asks for a confirmation, `"broken"`
 * cannot be read.
 */
export const scriptedReader: ReceiptProvider['receipts'] = {
  verify: ({ headers }) => headers['x-secret'] === SECRET,
  confirm: async ({ rawBody }) => rawBody.toString() === '"confirm"',
  parse: ({ rawBody }) => {
    const said = JSON.parse(rawBody.toString()) as Receipt[] | string;
    if (typeof said === 'string') throw new TypeError(`cannot read ${said}`);
    return said.map((receipt) => (receipt.at ? { ...receipt, at: new Date(receipt.at) } : receipt));
  },
};

/** A new tenant with a scripted provider, added to `providers`. */
export async function addScriptedTenant(db: Database, providers: Map<string, ReceiptProvider>) {
  const [tenantId, providerId] = [newId(Date.now()), newId(Date.now())];
  await createTenant(db, { id: tenantId, name: 'Shop' }, { id: newId(Date.now()), secret: 'sealed' });
  const receipts = scriptedReader;
  providers.set(providerId, { tenantId, channel: 'sms', type: 'scripted', config: {}, receipts });
  return { tenantId, providerId };
}
