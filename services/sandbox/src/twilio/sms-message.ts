import { randomUUID } from 'node:crypto';
import type { MessageBrief, MessageFields, ReceivedMessage } from '../store/message';
import type { CreateMessage } from './create-message';
import { type SmsSegments, smsSegments } from './sms-segments';
import { twilioMeaning } from './twilio-errors';

export type SmsStatus = 'accepted' | 'queued' | 'sent' | 'delivered' | 'undelivered' | 'failed';

const API_VERSION = '2010-04-01';
/** What a message holds besides its text, in bytes, roughly. */
const OVERHEAD_BYTES = 512;

/** Twilio's dates: `Sat, 22 Nov 2025 12:46:00 +0000`. */
const rfc2822 = (date: Date): string => date.toUTCString().replace('GMT', '+0000');

/** An accepted SMS: Twilio's message resource. Its status moves on until it is delivered, or not. */
export class SmsMessage implements ReceivedMessage {
  readonly channel = 'sms';
  readonly sid = `SM${randomUUID().replaceAll('-', '')}`;
  readonly apiVersion = API_VERSION;
  readonly to: string;
  readonly from: string;
  readonly bytes: number;
  readonly statusCallback: string | null;
  /** Who sends, in the words of a form of Twilio. */
  readonly sender: { From: string } | { MessagingServiceSid: string };
  private status: SmsStatus;
  private errorCode: number | null = null;
  private readonly createdAt = new Date();
  private updatedAt = this.createdAt;
  private sentAt: Date | null = null;
  private readonly segmentation: SmsSegments;

  constructor(
    readonly accountSid: string,
    private readonly request: CreateMessage,
  ) {
    this.to = request.to;
    this.from = request.from ?? request.messagingServiceSid ?? '';
    this.sender = request.from === null ? { MessagingServiceSid: this.from } : { From: this.from };
    this.bytes = OVERHEAD_BYTES + 2 * request.body.length;
    this.statusCallback = request.statusCallback;
    // A messaging service picks the sender later: until then a message is only accepted.
    this.status = request.from === null ? 'accepted' : 'queued';
    this.segmentation = smsSegments(request.body);
  }

  moveTo(status: SmsStatus, errorCode: number | null): void {
    this.status = status;
    this.errorCode = errorCode;
    this.updatedAt = new Date();
    if (status !== 'failed') this.sentAt ??= this.updatedAt;
  }

  isTo(address: string): boolean {
    return this.to === address;
  }

  brief(): MessageBrief {
    const { channel, to, from, status } = this;
    return { channel, to, from, subject: null, preview: this.request.body.slice(0, 140), status };
  }

  fields(): MessageFields {
    const { channel, to, from, sid, accountSid, status, errorCode, statusCallback } = this;
    return {
      channel,
      to,
      from,
      subject: null,
      text: this.request.body,
      html: null,
      sid,
      accountSid,
      ...this.segmentation,
      status,
      errorCode,
      errorMessage: errorCode === null ? null : twilioMeaning(errorCode),
      mediaUrls: this.request.mediaUrls,
      statusCallback,
    };
  }

  whole(): MessageFields {
    return this.fields();
  }

  /** The JSON Twilio answers for a message. */
  resource(): object {
    const { sid, accountSid, errorCode, request } = this;
    const uri = `/${API_VERSION}/Accounts/${accountSid}/Messages/${sid}`;
    return {
      account_sid: accountSid,
      api_version: API_VERSION,
      body: request.body,
      date_created: rfc2822(this.createdAt),
      date_sent: this.sentAt === null ? null : rfc2822(this.sentAt),
      date_updated: rfc2822(this.updatedAt),
      direction: 'outbound-api',
      error_code: errorCode,
      error_message: errorCode === null ? null : twilioMeaning(errorCode),
      from: request.from,
      messaging_service_sid: request.messagingServiceSid,
      num_media: String(request.mediaUrls.length),
      // Twilio does not know it yet while a messaging service has not picked the sender.
      num_segments: this.status === 'accepted' ? '0' : String(this.segmentation.segments),
      price: null,
      price_unit: 'USD',
      sid,
      status: this.status,
      subresource_uris: { media: `${uri}/Media.json` },
      to: request.to,
      uri: `${uri}.json`,
    };
  }
}
