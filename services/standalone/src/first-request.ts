import { type Sandbox } from '@herald/sandbox';
import { DEMO_RECIPIENT } from './demo-recipient';

/** A request that can be pasted into a shell. */
export function firstRequest(apiUrl: string, apiKey: string): string {
  return curl(apiUrl, apiKey, {
    to: { email: 'ada@example.com', phone: '+4915112345678' },
    content: { email: { subject: 'Hello', html: '<p>Hello Ada</p>' }, sms: { body: 'Hello Ada' } },
  });
}

/** The same on every channel: devices, a browser, an app and an endpoint are the sandbox's. */
export function everyChannelRequest(
  apiUrl: string,
  apiKey: string,
  { httpUrl, webpush }: Pick<Sandbox, 'httpUrl' | 'webpush'>,
): string {
  const title = 'Your order has shipped';
  const body = 'Ada, it will be with you tomorrow.';
  return curl(apiUrl, apiKey, {
    to: {
      email: 'ada@example.com',
      phone: '+4915112345678',
      devices: [
        { platform: 'ios', token: 'ada0'.repeat(16) },
        { platform: 'android', token: 'ada-android' },
      ],
      webpush: [webpush.subscription('ada')],
      recipient: DEMO_RECIPIENT,
      webhookUrl: `${httpUrl}/webhook`,
    },
    content: {
      email: { subject: title, html: `<p>${body}</p>` },
      sms: { body: `${title}. ${body}` },
      push: { title, body },
      webpush: { title, body },
      inapp: { title, body, category: 'orders', url: '/orders/42' },
      webhook: { payload: { order: 42, state: 'shipped' } },
    },
  });
}

function curl(apiUrl: string, apiKey: string, body: object): string {
  return [
    `curl -s ${apiUrl}/v1/notifications \\`,
    `  -H 'Authorization: Bearer ${apiKey}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${JSON.stringify(body)}'`,
  ].join('\n');
}
