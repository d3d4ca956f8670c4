import {
  type Channel,
  type InAppContentDto,
  type Platform,
  type PushContentDto,
  type WebPushUrgency,
} from '@herald/contracts';

export interface EmailAttachment {
  filename: string;
  contentType: string;
  content: Buffer;
}

/** A rendered e-mail. `from` is missing when the provider's own sender is to be used. */
export interface EmailMessage {
  to: string;
  from?: string;
  replyTo?: string;
  subject: string;
  html?: string;
  text: string;
  headers: Record<string, string>;
  attachments: EmailAttachment[];
}

export interface SmsMessage {
  /** E.164. */
  to: string;
  body: string;
}

/** A push message for one device. */
export interface PushMessage {
  platform: Platform;
  /** The push service's token of the app on the device. */
  token: string;
  /** When the app got the token, in epoch milliseconds, as far as the request says. */
  registeredAt?: number;
  content: PushContentDto;
  /** When the delivery expires, in epoch milliseconds. */
  expiresAt?: number;
}

/** A web push for one browser. */
export interface WebPushMessage {
  endpoint: string;
  /** base64url. */
  keys: { p256dh: string; auth: string };
  /** The JSON text that is encrypted and sent. */
  payload: string;
  ttlSeconds: number;
  urgency: WebPushUrgency;
  topic?: string;
}

/** An item for a recipient's feed. */
export interface InAppMessage {
  /** The tenant's own id of the recipient. */
  recipient: string;
  notificationId: string;
  content: InAppContentDto;
}

export interface WebhookMessage {
  url: string;
  /** The JSON text that is signed and sent, byte for byte. */
  body: string;
}

/** What a channel hands to its providers. */
export interface MessageOf extends Record<Channel, unknown> {
  email: EmailMessage;
  sms: SmsMessage;
  push: PushMessage;
  webpush: WebPushMessage;
  inapp: InAppMessage;
  webhook: WebhookMessage;
}
