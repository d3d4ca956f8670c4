import { type ReceiptRecord, type ReceiptResult } from '@herald/db';
import { type ReceiptDeps } from '@herald/delivery';
import { ProblemError, type RouteContext, type RouteResult } from '@herald/platform';
import { type Request, type Response } from 'express';
import { type EdgeMetrics } from '../metrics';
import { type ReceiptProvider } from './receipt-providers';

export interface TakeReceiptDeps {
  findProvider(id: string): Promise<ReceiptProvider | undefined>;
  verifying: ReceiptDeps;
  readBody(req: Request, res: Response): Promise<Buffer>;
  apply(receipt: ReceiptRecord): Promise<ReceiptResult>;
  /** Where providers reach the edge: what they sign is the URL that they call. */
  publicUrl: string;
  metrics: EdgeMetrics;
}

const SANE_ID = /^[\x21-\x7e]{1,255}$/;

/**
 * Takes a receipt. What is signed rightly is answered with 204 whatever it says, or the provider would send it again
 * and again; the delivery must be of the provider's own tenant and channel.
 */
export function takeReceiptHandler({
  findProvider,
  verifying,
  readBody,
  apply,
  publicUrl,
  metrics,
}: TakeReceiptDeps) {
  const base = publicUrl.replace(/\/+$/, '');
  return async ({ params, req, res, log }: RouteContext): Promise<RouteResult> => {
    const { providerId, deliveryId } = params as { providerId: string; deliveryId: string };
    const provider = await findProvider(providerId);
    if (!provider)
      throw new ProblemError('not-found', 'There is no provider with this id that sends receipts.');
    const { type, tenantId, channel, config, receipts } = provider;
    // Never from Host or X-Forwarded-*: whoever calls writes those.
    const request = { url: base + req.originalUrl, headers: req.headers, rawBody: await readBody(req, res) };
    if (!(await receipts.verify(request, config, verifying))) {
      metrics.receipts.inc({ provider: type, result: 'forged' });
      log.warn(
        { providerId, deliveryId },
        'a receipt is not signed as its provider signs; is EDGE_PUBLIC_URL right?',
      );
      throw new ProblemError('invalid-signature');
    }
    const states = receipts.parse(request).filter((receipt) => receipt.kind === 'state');
    for (const receipt of states) {
      const result = await apply({ ...storable(receipt), deliveryId, tenantId, channel });
      metrics.receipts.inc({ provider: type, result });
    }
    if (states.length === 0) metrics.receipts.inc({ provider: type, result: 'ignored' });
    return { status: 204 };
  };
}

/**
 * Who holds a provider's credentials can sign anything, and a tenant holds its own: an id that is no id (a U+0000, 60 kB)
 * is left out, and the rest of the receipt counts.
 */
function storable<R extends { providerMessageId?: string }>(receipt: R): R {
  return SANE_ID.test(receipt.providerMessageId ?? '')
    ? receipt
    : { ...receipt, providerMessageId: undefined };
}
