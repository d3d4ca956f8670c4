import { LIMITS } from '../limits';

const KEYS = {
  p256dh: Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)]).toString('base64url'),
  auth: Buffer.alloc(16, 7).toString('base64url'),
};
const IPHONE = { platform: 'ios', token: 'a1b2c3' };
const BROWSER = { endpoint: 'https://push.example.com/abc', expirationTime: null, keys: KEYS };

type Body = Record<string, unknown>;
const ADA = { email: 'ada@example.com' };
const content = (over: Body): Body => ({ to: ADA, content: over });
const to = (over: Body): Body => ({ to: { ...ADA, ...over }, content: { sms: { body: 'Hello' } } });
const push = (over: Body): Body => content({ push: { title: 'Hello', ...over } });
const webpush = (over: Body): Body => content({ webpush: { title: 'Hello', ...over } });
const inapp = (over: Body): Body => content({ inapp: { title: 'Hello', ...over } });

/** Good bodies for push, web push and in-app. */
export const GOOD_IN_APPS: [string, unknown][] = [
  [
    'everything of the app channels',
    {
      to: {
        recipient: 'user_42',
        devices: [IPHONE, { platform: 'android', token: 'd:e_f-1', registeredAt: '2030-01-31T09:30:00Z' }],
        webpush: [BROWSER, { endpoint: 'https://push.example.com/def', keys: KEYS }],
      },
      channels: ['push', 'webpush', 'inapp'],
      content: {
        push: {
          title: 'Your order',
          body: 'It is\non its way.',
          image: 'https://example.com/a.png',
          sound: 'default',
          clickAction: 'shop://orders/42',
          badge: 0,
          data: { orderId: '42' },
          priority: 'normal',
          collapseKey: 'order-42',
          ttlSeconds: 0,
          mutable: true,
          ios: { subtitle: 'S', threadId: 't', category: 'c', interruptionLevel: 'time-sensitive' },
          android: { channelId: 'orders', icon: 'ic', color: '#3366FF', tag: 'order-42', title: 'Order' },
        },
        webpush: {
          title: 'Your order',
          body: 'On its way.',
          icon: 'https://example.com/i.png',
          image: 'https://example.com/a.png',
          badge: 'https://example.com/b.png',
          url: 'https://example.com/orders/42',
          tag: 'order-42',
          requireInteraction: true,
          silent: false,
          actions: [{ action: 'track', title: 'Track' }],
          data: { order: { id: 42 } },
          ttlSeconds: 60,
          urgency: 'high',
          topic: 'order_42',
        },
        inapp: {
          title: 'Your order',
          body: 'On its way.',
          category: 'orders',
          url: '/orders/42?from=feed#top',
          imageUrl: 'https://example.com/a.png',
          data: { order: { id: 42 } },
          expiresAt: '2030-02-01T09:30:00Z',
        },
      },
    },
  ],
  ['as many devices as are allowed', to({ devices: Array(LIMITS.devices).fill(IPHONE) })],
  ['a subscription that ends', to({ webpush: [{ ...BROWSER, expirationTime: 1_900_000_000_000 }] })],
  ['a link to another site', inapp({ url: 'https://example.com/' })],
];

/** Bad ones, and where they are wrong. */
export const BAD_IN_APPS: [string, unknown, ...string[]][] = [
  ['no devices', to({ devices: [] }), '/to/devices'],
  ['devices that are one', to({ devices: IPHONE }), '/to/devices'],
  ['too many devices', to({ devices: Array(LIMITS.devices + 1).fill(IPHONE) }), '/to/devices'],
  ['an unknown platform', to({ devices: [{ ...IPHONE, platform: 'web' }] }), '/to/devices/0/platform'],
  ['a device without a token', to({ devices: [{ platform: 'ios' }] }), '/to/devices/0/token'],
  ['a token with spaces', to({ devices: [{ ...IPHONE, token: 'a b' }] }), '/to/devices/0/token'],
  [
    'a token that is too long',
    to({ devices: [{ ...IPHONE, token: 'a'.repeat(1025) }] }),
    '/to/devices/0/token',
  ],
  [
    'a registration at no time',
    to({ devices: [{ ...IPHONE, registeredAt: 'today' }] }),
    '/to/devices/0/registeredAt',
  ],
  [
    'a subscription without keys',
    to({ webpush: [{ endpoint: 'https://example.com/' }] }),
    '/to/webpush/0/keys',
  ],
  [
    'a subscription with keys of the wrong length',
    to({ webpush: [{ ...BROWSER, keys: { p256dh: KEYS.auth, auth: KEYS.p256dh } }] }),
    '/to/webpush/0/keys/p256dh',
    '/to/webpush/0/keys/auth',
  ],
  [
    'an endpoint of another scheme',
    to({ webpush: [{ ...BROWSER, endpoint: 'ftp://a.b/c' }] }),
    '/to/webpush/0/endpoint',
  ],
  [
    'an end that is a text',
    to({ webpush: [{ ...BROWSER, expirationTime: 'never' }] }),
    '/to/webpush/0/expirationTime',
  ],
  ['an empty recipient', to({ recipient: '' }), '/to/recipient'],
  ['a recipient with spaces around it', to({ recipient: ' user ' }), '/to/recipient'],
  ['a recipient that is a number', to({ recipient: 42 }), '/to/recipient'],
  ['a push title with a bell', push({ title: 'a\u0007' }), '/content/push/title'],
  ['an empty push title', push({ title: '' }), '/content/push/title'],
  ['a badge below zero', push({ badge: -1 }), '/content/push/badge'],
  ['data that is a number', push({ data: { orderId: 42 } }), '/content/push/data/orderId'],
  ['data of a reserved name', push({ data: { from: 'x' } }), '/content/push/data/from'],
  ['data of a name for the system', push({ data: { aps: 'x' } }), '/content/push/data/aps'],
  ['a push that lives too long', push({ ttlSeconds: LIMITS.pushTtlSeconds + 1 }), '/content/push/ttlSeconds'],
  ['an unknown level', push({ ios: { interruptionLevel: 'loud' } }), '/content/push/ios/interruptionLevel'],
  ['a colour by its name', push({ android: { color: 'red' } }), '/content/push/android/color'],
  ['a field of the other platform', push({ ios: { channelId: 'c' } }), '/content/push/ios/channelId'],
  ['a web push without a title', content({ webpush: { body: 'B' } }), '/content/webpush/title'],
  ['an unknown urgency', webpush({ urgency: 'now' }), '/content/webpush/urgency'],
  ['a topic that is too long', webpush({ topic: 'a'.repeat(33) }), '/content/webpush/topic'],
  [
    'too many actions',
    webpush({ actions: Array(5).fill({ action: 'a', title: 'A' }) }),
    '/content/webpush/actions',
  ],
  ['an item without a title', content({ inapp: {} }), '/content/inapp/title'],
  ['a link that runs', inapp({ url: 'javascript:alert(1)' }), '/content/inapp/url'],
  ['a link to another host', inapp({ url: '//evil.example' }), '/content/inapp/url'],
  ['a link to another host by backslash', inapp({ url: '/\\evil.example' }), '/content/inapp/url'],
  ['a category with spaces', inapp({ category: 'my orders' }), '/content/inapp/category'],
  ['data that is a list', inapp({ data: [] }), '/content/inapp/data'],
  ['an end at no time', inapp({ expiresAt: 'soon' }), '/content/inapp/expiresAt'],
];
