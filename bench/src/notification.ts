const HTML =
  '<html><body><h1>Thank you, Ada!</h1><p>Your order is on its way and will be with you on Thursday between 9 and 12. ' +
  'You can <a href="https://shop.example.com/orders/track">follow it here</a>.</p><p>Your shop</p></body></html>';
const TEXT =
  'Thank you, Ada! Your order is on its way and will be with you on Thursday between 9 and 12. ' +
  'Follow it at https://shop.example.com/orders/track. Your shop';

/**
 * One notification as an upstream service posts it: an e-mail with html and text, metadata and an idempotency key, about
 * 670 bytes of JSON. The same goes through Herald and through bare BullMQ.
 * @param run sets the runs of one benchmark apart, so that no key comes twice
 */
export function notification(run: string, index: number) {
  const number = String(index).padStart(7, '0');
  return {
    idempotencyKey: `order-shipped-${run}-${number}`,
    to: { email: `ada.${number}@example.com`, locale: 'en-GB', timezone: 'Europe/London' },
    channels: ['email'],
    content: { email: { subject: `Your order ${number} is on its way`, html: HTML, text: TEXT } },
    metadata: { orderId: number, source: 'bench' },
  };
}
