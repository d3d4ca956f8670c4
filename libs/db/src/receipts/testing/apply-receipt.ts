import { type Channel } from '@herald/contracts';
import { type Database } from '../../connection/database';
import { type ReceiptRecord, type ReceiptResult, recordReceipts } from '../record-receipts';

/** Applies one receipt of a tenant's provider. */
export async function applyReceipt(
  db: Database,
  { tenantId, channel, ...receipt }: ReceiptRecord & { tenantId: string; channel: Channel },
): Promise<ReceiptResult> {
  const [result] = await recordReceipts(db, { tenantId, channel }, [receipt]);
  return result as ReceiptResult;
}
