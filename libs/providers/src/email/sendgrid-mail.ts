import { domainToASCII } from 'node:url';
import { parseMailbox } from '@herald/contracts';
import { type EmailMessage, type SendContext } from '@herald/delivery';

/** What SendGrid refuses as custom headers, since it makes them itself from the other fields; and our own Message-ID. */
const RESERVED_HEADERS = new Set(
  (
    'x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject reply-to ' +
    'cc bcc message-id'
  ).split(' '),
);

/** What an event names beside its own fields: custom arguments stand at its top level. */
export const DELIVERY_ARGUMENT = 'herald_delivery_id';

export interface MailOptions {
  /** The sender of messages that name none. */
  from: string;
  sandboxMode?: boolean;
  /** RFC 2047: SendGrid puts custom headers into the message as they are, and leaves their encoding to its clients. */
  encodeHeader(value: string): string;
}

/**
 * The body of `POST /v3/mail/send` for one recipient. SendGrid takes at most 30 MB in all, and less than 10,000 bytes
 * of custom arguments: the first is above what Herald itself takes, the second never comes near with two ids.
 *
 * The Message-ID is that of the delivery and not of the attempt, so that a repeat can be recognised.
 */
export function sendgridMail(message: EmailMessage, context: SendContext, options: MailOptions): object {
  const from = mailbox(message.from ?? options.from);
  const { attachments } = message;
  return {
    personalizations: [{ to: [{ email: asciiDomain(message.to) }] }],
    from,
    ...(message.replyTo && { reply_to: mailbox(message.replyTo) }),
    subject: message.subject,
    // SendGrid wants the plain text first, and no part that is empty.
    content: [
      { type: 'text/plain', value: message.text },
      { type: 'text/html', value: message.html ?? '' },
    ].filter(({ value }) => value !== ''),
    ...(attachments.length > 0 && {
      attachments: attachments.map(({ filename, contentType, content }) => ({
        content: content.toString('base64'),
        filename,
        type: contentType,
        disposition: 'attachment',
      })),
    }),
    headers: headersOf(message, context, from.email, options.encodeHeader),
    custom_args: { [DELIVERY_ARGUMENT]: context.deliveryId, herald_tenant_id: context.tenantId },
    ...(options.sandboxMode && { mail_settings: { sandbox_mode: { enable: true } } }),
  };
}

function headersOf(
  message: EmailMessage,
  context: SendContext,
  sender: string,
  encode: (value: string) => string,
): Record<string, string> {
  const domain = sender.slice(sender.lastIndexOf('@') + 1);
  const own = Object.entries(message.headers)
    .filter(([name]) => !RESERVED_HEADERS.has(name.toLowerCase()))
    .map(([name, value]) => [name, encode(value)]);
  return { 'Message-ID': `<${context.deliveryId}@${domain}>`, ...Object.fromEntries(own) };
}

function mailbox(value: string): { email: string; name?: string } {
  const { name, address } = parseMailbox(value) ?? { address: value };
  return { email: asciiDomain(address), ...(name && { name }) };
}

/** `ada@bücher.example` as mail servers know it; an address without a domain that DNS can have stays as it is. */
function asciiDomain(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  const domain = domainToASCII(address.slice(at));
  return domain ? address.slice(0, at) + domain : address;
}
