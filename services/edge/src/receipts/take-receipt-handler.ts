import { type ReceivedCallback } from '@herald/db';
import { type ReceiptDeps } from '@herald/delivery';
import { newId } from '@herald/domain';
import { ProblemError, type RouteContext, type RouteResult } from '@herald/platform';
import { type Request, type Response } from 'express';
import { type EdgeMetrics } from '../metrics';
import { type ReceiptProvider } from './receipt-providers';

export interface TakeReceiptDeps {
  findProvider(id: string): Promise<ReceiptProvider | undefined>;
  verifying: ReceiptDeps;
  readBody(req: Request, res: Response): Promise<Buffer>;
  /** Makes a callback durable; what it says is applied later. */
  store(callback: ReceivedCallback): Promise<void>;
  /** Where providers reach the edge: what they sign is the URL that they call. */
  publicUrl: string;
  metrics: EdgeMetrics;
}

/**
 * Takes a callback, with or without a delivery in its URL. What is signed rightly is stored as it came and answered with
 * 204 whatever it says, or the provider would send it again and again.
 */
export function takeReceiptHandler({
  findProvider,
  verifying,
  readBody,
  store,
  publicUrl,
  metrics,
}: TakeReceiptDeps) {
  const base = publicUrl.replace(/\/+$/, '');
  return async ({ params, req, res, log }: RouteContext): Promise<RouteResult> => {
    const { providerId, deliveryId } = params as { providerId: string; deliveryId?: string };
    const provider = await findProvider(providerId);
    if (!provider)
      throw new ProblemError('not-found', 'There is no provider with this id that sends receipts.');
    const { type, tenantId, config, receipts } = provider;
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
    if (await receipts.confirm?.(request, config, verifying)) {
      metrics.receipts.inc({ provider: type, result: 'confirmed' });
      return { status: 204 };
    }
    await store({
      id: newId(Date.now()),
      tenantId,
      providerId,
      deliveryId,
      url: request.url,
      contentType: req.headers['content-type'],
      body: request.rawBody,
    });
    return { status: 204 };
  };
}
