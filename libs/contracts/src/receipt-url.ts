/**
 * Where a provider posts receipts. With a delivery, of that one: such a URL goes out with each message, so that a receipt
 * needs no look-up by the provider's own message id and may come before that id is known. Without, of an account: what
 * comes there names its deliveries itself, or is said by recipients apart from any.
 */
export function receiptUrl(edgePublicUrl: string, providerId: string, deliveryId?: string): string {
  const account = `${edgePublicUrl.replace(/\/+$/, '')}/v1/receipts/${providerId}`;
  return deliveryId === undefined ? account : `${account}/${deliveryId}`;
}
