import type { MessageBrief, MessageFields, ReceivedMessage } from '../store/message';
import type { ParsedEmail } from './parsed-email';

/** One recipient's copy of a mail. The copies of one transaction share the source and its parsing. */
export class EmailMessage implements ReceivedMessage {
  readonly channel = 'email';
  readonly bytes: number;

  constructor(
    private readonly email: ParsedEmail,
    readonly to: string,
    /** The sender of the transaction (`MAIL FROM`), empty for a bounce. */
    private readonly envelopeFrom: string,
  ) {
    this.bytes = email.source.length;
  }

  isTo(address: string): boolean {
    return this.to.toLowerCase() === address.toLowerCase();
  }

  async brief(): Promise<MessageBrief> {
    const { subject, from } = await this.email.head();
    return { channel: this.channel, to: this.to, from, subject, preview: '', status: null };
  }

  async fields(): Promise<MessageFields> {
    const content = await this.email.content();
    return {
      channel: this.channel,
      to: this.to,
      envelopeFrom: this.envelopeFrom,
      ...content,
      size: this.bytes,
    };
  }

  async whole(): Promise<MessageFields> {
    return { ...(await this.fields()), source: this.email.source.toString('utf8') };
  }
}
