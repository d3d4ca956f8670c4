import { randomBytes, randomUUID } from 'node:crypto';
import type { Callback, CallbackSender } from '../twilio/callback-sender';
import type { SnsFields, SnsSigner } from './sns-signer';

export interface SnsTopicOptions {
  topicArn: string;
  signer: SnsSigner;
  callbacks: Pick<CallbackSender, 'schedule'>;
  /** Where the sandbox is reached, known only after its start. */
  baseUrl(): string;
}

/** Where the sandbox has its SNS. */
export const SNS_PATH = '/sns/';

/** One topic of SNS with one subscriber over HTTP, who has to confirm before anything but that is posted. */
export class SnsTopic {
  private subscription: { endpoint: string; token: string; confirmed: boolean } | undefined;

  constructor(private readonly options: SnsTopicOptions) {}

  get topicArn(): string {
    return this.options.topicArn;
  }

  /** Whether somebody has subscribed and confirmed it. */
  get confirmed(): boolean {
    return this.subscription?.confirmed ?? false;
  }

  /** Puts `endpoint` in the place of the subscriber and asks it to confirm. */
  subscribe(endpoint: string): void {
    const token = randomBytes(32).toString('hex');
    this.subscription = { endpoint, token, confirmed: false };
    const query = new URLSearchParams({
      Action: 'ConfirmSubscription',
      TopicArn: this.topicArn,
      Token: token,
    });
    this.post(0, 'SubscriptionConfirmation', endpoint, () => ({
      Message: `You have chosen to subscribe to the topic ${this.topicArn}.`,
      Token: token,
      SubscribeURL: `${this.options.baseUrl()}${SNS_PATH}?${query}`,
    }));
  }

  /** Confirms by the token that was posted; whether it is the one. */
  confirm(token: string | null): boolean {
    if (!this.subscription || this.subscription.token !== token) return false;
    this.subscription.confirmed = true;
    return true;
  }

  /** Posts a notification after `delayMs` to who has confirmed by then; one with the id of another is that one again. */
  publish(delayMs: number, message: () => object, messageId: string): void {
    const { callbacks } = this.options;
    callbacks.schedule(delayMs, () => {
      if (!this.subscription?.confirmed) return undefined;
      const fields = { Message: JSON.stringify(message()), Subject: 'Amazon SES Email Event Notification' };
      return this.callback('Notification', this.subscription.endpoint, fields, messageId);
    });
  }

  private post(delayMs: number, type: string, endpoint: string, fields: () => SnsFields): void {
    this.options.callbacks.schedule(delayMs, () => this.callback(type, endpoint, fields(), randomUUID()));
  }

  private callback(type: string, url: string, fields: SnsFields, messageId: string): Callback {
    const { signer, topicArn, baseUrl } = this.options;
    const whole = {
      Type: type,
      MessageId: messageId,
      TopicArn: topicArn,
      Timestamp: new Date().toISOString(),
      ...fields,
    };
    const body = JSON.stringify({
      ...whole,
      SignatureVersion: '2',
      Signature: signer.sign(whole),
      SigningCertURL: `${baseUrl()}${SNS_PATH}${signer.certificateFile}`,
    });
    const headers = {
      'content-type': 'text/plain; charset=UTF-8',
      'user-agent': 'Amazon Simple Notification Service Agent',
      'x-amz-sns-message-type': type,
      'x-amz-sns-message-id': messageId,
      'x-amz-sns-topic-arn': topicArn,
    };
    return { url, headers, body, status: type };
  }
}
