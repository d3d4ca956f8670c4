import { type Channel } from '@herald/contracts';

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

export interface WebhookMessage {
  url: string;
  /** The JSON text that is signed and sent, byte for byte. */
  body: string;
}

/** What a channel hands to its providers. */
export interface MessageOf extends Record<Channel, unknown> {
  email: EmailMessage;
  sms: SmsMessage;
  webhook: WebhookMessage;
}
