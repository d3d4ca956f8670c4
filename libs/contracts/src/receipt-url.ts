/**
 * Where a provider posts receipts of a delivery. The ids in it mean that a receipt needs no look-up by the provider's
 * own message id, and that it may come before that id is known.
 */
export function receiptUrl(edgePublicUrl: string, providerId: string, deliveryId: string): string {
  return `${edgePublicUrl.replace(/\/+$/, '')}/v1/receipts/${providerId}/${deliveryId}`;
}
