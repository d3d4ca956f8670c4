import type { MessageBrief, MessageFields, ReceivedMessage } from '../store/message';
import type { MailRecipient, MailSend } from './parse-mail-send';

export type MailStatus = 'accepted' | 'deferred' | 'delivered' | 'undelivered';

const namedAddress = ({ email, name }: { email: string; name?: string }): string =>
  name === undefined || name === '' ? email : `"${name}" <${email}>`;

/** One recipient's copy of a mail that SendGrid's API accepted. It shows the same fields as one that came by SMTP. */
export class SendgridMessage implements ReceivedMessage {
  readonly channel = 'email';
  readonly to: string;
  readonly bytes: number;
  status: MailStatus = 'accepted';

  constructor(
    /** `X-Message-Id`: the same for all recipients of a request. */
    readonly messageId: string,
    readonly recipient: MailRecipient,
    private readonly mail: MailSend,
    /** The request's JSON. */
    private readonly source: Buffer,
  ) {
    this.to = recipient.email;
    // The request itself, and its parts once more as they were read.
    this.bytes = 2 * source.length;
  }

  isTo(address: string): boolean {
    return this.to.toLowerCase() === address.toLowerCase();
  }

  brief(): MessageBrief {
    const { channel, to, status } = this;
    const preview = this.part('text/plain')?.slice(0, 140) ?? '';
    return {
      channel,
      to,
      from: namedAddress(this.mail.from),
      subject: this.recipient.subject,
      preview,
      status,
    };
  }

  fields(): MessageFields {
    const { channel, to, recipient, mail, status } = this;
    const headers = Object.entries(recipient.headers).map(([name, value]) => [name.toLowerCase(), value]);
    return {
      channel,
      to,
      envelopeFrom: mail.from.email,
      subject: recipient.subject,
      from: namedAddress(mail.from),
      replyTo: mail.replyTo,
      messageId: this.smtpId(),
      date: null,
      toHeader: to,
      text: this.part('text/plain') ?? '',
      html: this.part('text/html') ?? null,
      headers: Object.fromEntries(headers),
      attachments: mail.attachments.map(({ filename, type, content }) => ({
        filename,
        contentType: type,
        size: Buffer.byteLength(content, 'base64'),
      })),
      size: this.source.length,
      status,
      sendgridMessageId: this.messageId,
      customArgs: recipient.customArgs,
    };
  }

  whole(): MessageFields {
    return { ...this.fields(), source: this.source.toString('utf8') };
  }

  /** The message's own Message-ID, where the request gives one. */
  smtpId(): string {
    const given = Object.entries(this.recipient.headers).find(
      ([name]) => name.toLowerCase() === 'message-id',
    );
    return given?.[1] ?? `<${this.messageId}@sandbox.herald.local>`;
  }

  private part(wanted: string): string | undefined {
    return this.mail.contents.find(({ type }) => type === wanted)?.value;
  }
}
