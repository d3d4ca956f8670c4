/** How a message reaches a recipient. Adding one here makes the compiler list every place that must know it. */
export const CHANNELS = ['email', 'sms', 'push', 'webpush', 'inapp', 'webhook'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Separate queues per channel: priority is isolation, not sorting. */
export const LANES = ['critical', 'default', 'bulk'] as const;
export type Lane = (typeof LANES)[number];

/** One lane of one channel. */
export interface LaneRef {
  channel: Channel;
  lane: Lane;
}

/** What may happen when nobody can know whether a provider took a message: send again, or stop. */
export const DELIVERY_POLICIES = ['at_least_once', 'at_most_once'] as const;
export type DeliveryPolicy = (typeof DELIVERY_POLICIES)[number];

/** Which contact point of a recipient a channel uses. */
export const CONTACT_POINT = {
  email: 'email',
  sms: 'phone',
  push: 'devices',
  webpush: 'webpush',
  inapp: 'recipient',
  webhook: 'webhookUrl',
} as const satisfies Record<Channel, string>;

/** A delivery of these can have several addresses, so it is not found by one. */
export const SEVERAL_TARGETS: readonly Channel[] = ['push', 'webpush'];

/** What an API key may do. `feeds:token` signs tokens for recipients; `admin` is administration within the key's own tenant. */
export const SCOPES = ['notifications:write', 'notifications:read', 'feeds:token', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];
