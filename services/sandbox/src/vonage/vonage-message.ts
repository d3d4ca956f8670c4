import { randomBytes } from 'node:crypto';
import type { MessageBrief, MessageFields, ReceivedMessage } from '../store/message';
import { type SmsSegments, smsSegments } from '../twilio/sms-segments';
import type { SubmitSms } from './submit-sms';
import { vonageFailure } from './vonage-statuses';

export type VonageStatus = 'queued' | 'accepted' | 'delivered' | 'failed' | 'rejected';

/** What a message holds besides its text, in bytes, roughly. */
const OVERHEAD_BYTES = 512;

/** An accepted SMS. Its status moves on until it is delivered, or not. */
export class VonageMessage implements ReceivedMessage {
  readonly channel = 'sms';
  /** One for each part. */
  readonly ids: string[];
  readonly to: string;
  readonly bytes: number;
  private status: VonageStatus = 'queued';
  private errorCode: number | null = null;
  private readonly segmentation: SmsSegments;

  constructor(
    readonly apiKey: string,
    readonly sms: SubmitSms,
  ) {
    this.to = sms.to;
    this.bytes = OVERHEAD_BYTES + 2 * sms.text.length;
    this.segmentation = smsSegments(sms.text);
    this.ids = Array.from({ length: this.segmentation.segments }, () =>
      randomBytes(8).toString('hex').toUpperCase(),
    );
  }

  moveTo(status: VonageStatus, errorCode: number | null): void {
    this.status = status;
    this.errorCode = errorCode;
  }

  isTo(address: string): boolean {
    return this.to === address;
  }

  brief(): MessageBrief {
    const { from, text } = this.sms;
    const { channel, to, status } = this;
    return { channel, to, from, subject: null, preview: text.slice(0, 140), status };
  }

  fields(): MessageFields {
    const { channel, to, ids, apiKey, status, errorCode, sms } = this;
    return {
      channel,
      to,
      from: sms.from,
      subject: null,
      text: sms.text,
      html: null,
      sid: ids[0],
      partIds: ids,
      apiKey,
      clientRef: sms.clientRef,
      ...this.segmentation,
      status,
      errorCode,
      errorMessage: errorCode === null ? null : vonageFailure(errorCode),
      mediaUrls: [],
      statusCallback: sms.callback,
    };
  }

  whole(): MessageFields {
    return this.fields();
  }
}
