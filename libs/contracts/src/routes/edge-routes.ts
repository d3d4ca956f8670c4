import { ReceiptQueryDto } from '../dto/receipt-query';
import { type RouteContract } from '../route';

/** What the edge serves: calls from the outside world, which have no key but a signature. */
export const EDGE_ROUTES = [
  {
    operationId: 'takeReceipt',
    method: 'post',
    path: '/v1/receipts/{providerId}/{deliveryId}',
    tag: 'Receipts',
    summary: 'Take a receipt of a provider',
    description:
      'For providers, who get this URL with each message; the body is theirs (a form or JSON) and is signed as they do. ' +
      'Late, doubled and reordered receipts do no harm.',
    access: 'public',
    query: ReceiptQueryDto,
    bodyLimitBytes: 64 * 1024,
    responses: {
      204: { description: 'Stored, whether or not it says anything new; applied a moment later.' },
    },
  },
  {
    operationId: 'takeAccountReceipts',
    method: 'post',
    path: '/v1/receipts/{providerId}',
    tag: 'Receipts',
    summary: 'Take receipts of a provider account',
    description:
      "For providers that are given one URL for an account: event webhooks, Amazon SNS, inbound messages. The provider's " +
      'body (a form, JSON or text) names the deliveries it speaks of, and may speak of many.',
    access: 'public',
    query: ReceiptQueryDto,
    bodyLimitBytes: 1024 * 1024,
    responses: {
      204: { description: 'Stored, whether or not it says anything new; applied a moment later.' },
    },
  },
] as const satisfies readonly RouteContract[];
