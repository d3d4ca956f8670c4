import { type Reason } from '@herald/contracts';
import { type Receipt } from '@herald/delivery';
import { type SuppressionReason } from '@herald/domain';
import { type ParsedMail } from 'mailparser';

interface Meaning {
  reason: Reason;
  suppress?: SuppressionReason;
}

const GONE: Meaning = { reason: 'invalid_address', suppress: 'bounce' };
const REFUSED: Meaning = { reason: 'carrier_rejected' };
const UNREACHABLE: Meaning = { reason: 'unreachable' };

/**
 * Why a message bounced, by its status (RFC 3463): the whole one before its class and subject. An address is suppressed only
 * when it is the address that is wrong; 5.1.7 and 5.1.8 blame ours, 5.7 is policy, and 4.4.7 is a server that was away for
 * too long.
 */
const STATUSES: Record<string, Meaning> = {
  '5.1': GONE,
  '5.1.7': REFUSED,
  '5.1.8': REFUSED,
  '5.2': UNREACHABLE,
  '5.2.1': GONE,
  '5.3': UNREACHABLE,
  '5.4': UNREACHABLE,
  '5.6': REFUSED,
  '5.7': REFUSED,
  '4.1': UNREACHABLE,
  '4.2': UNREACHABLE,
  '4.3': UNREACHABLE,
  '4.4': UNREACHABLE,
  '4.7': REFUSED,
};

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const IN_VERP = new RegExp(`\\+(${UUID})@`, 'i');
const MESSAGE_ID = new RegExp(`^message-id:\\s*<(${UUID})@`, 'im');
const STATUS = /^([245]\.\d{1,3})\.\d{1,3}$/;
/** Headers that servers write the envelope's recipient into. */
const RECIPIENT_HEADERS = ['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to'] as const;
/** A report of one message to one recipient has one group of fields for it; more are not read. */
const MAX_RECIPIENTS = 20;

/** The envelope sender that a bounce of this delivery comes back to: `bounces+<id>@example.com`. */
export function bounceAddress(mailbox: string, deliveryId: string): string {
  const at = mailbox.lastIndexOf('@');
  return `${mailbox.slice(0, at)}+${deliveryId}${mailbox.slice(at)}`;
}

/**
 * What a delivery status notification (RFC 3464) says, given as the mail that it is. Nothing for any other mail: automatic
 * answers come to the same mailbox. The delivery stands in the address that it came to, or in the Message-ID of the mail
 * that it returns; both can be known only to whoever got that mail.
 */
export async function parseBounce(mail: Buffer): Promise<Receipt[]> {
  const { simpleParser } = await import('mailparser');
  const parsed = await simpleParser(mail, {
    keepDeliveryStatus: true,
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
  });
  const report = partOf(parsed, 'message/delivery-status');
  const deliveryId = report && (inVerp(parsed) ?? inReturned(parsed));
  if (!report || !deliveryId) return [];
  const [ofMessage = new Map(), ...recipients] = groupsOf(report).slice(0, MAX_RECIPIENTS + 1);
  return recipients.flatMap((fields) => receiptOf(deliveryId, fields, ofMessage));
}

type Fields = Map<string, string>;

function receiptOf(deliveryId: string, fields: Fields, ofMessage: Fields): Receipt[] {
  const action = fields.get('action')?.toLowerCase();
  const status = statusOf(fields.get('status'));
  const code = status && `dsn_${status}`;
  switch (action) {
    case 'failed': {
      const subject = status && (STATUS.exec(status)?.[1] as string);
      const meaning = (status && (STATUSES[status] ?? STATUSES[subject ?? ''])) || undefined;
      return [
        {
          kind: 'state',
          state: 'undelivered',
          deliveryId,
          code,
          ...(meaning ?? { reason: 'undelivered_unknown' }),
        },
      ];
    }
    case 'delayed': {
      const when = fields.get('last-attempt-date') ?? ofMessage.get('arrival-date') ?? '';
      return [{ kind: 'event', event: 'deferred', deliveryId, code, eventId: `delayed ${when}` }];
    }
    case 'delivered':
      return [{ kind: 'state', state: 'delivered', deliveryId, code }];
    default:
      // Relayed to a server that sends no notifications, or expanded to a list: nothing is known of its arrival.
      return [];
  }
}

/** `5.1.1` of `5.1.1 (bad destination mailbox address)`. */
function statusOf(value: string | undefined): string | undefined {
  const status = value?.trim().split(/\s/, 1)[0] ?? '';
  return STATUS.test(status) ? status : undefined;
}

/** Groups of fields, each ended by an empty line; a line that begins with a space goes on with the one before. */
function groupsOf(report: string): Fields[] {
  return report
    .replaceAll('\r\n', '\n')
    .split(/\n{2,}/)
    .map((group) => group.replace(/\n[ \t]+/g, ' ').split('\n'))
    .map((lines) => new Map(lines.flatMap(fieldOf)))
    .filter((fields) => fields.size > 0);
}

function fieldOf(line: string): [string, string][] {
  const colon = line.indexOf(':');
  return colon > 0 ? [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]] : [];
}

function partOf(mail: ParsedMail, type: string): string | undefined {
  return mail.attachments.find(({ contentType }) => contentType === type)?.content.toString('utf8');
}

function inVerp({ headerLines }: ParsedMail): string | undefined {
  const names: readonly string[] = [...RECIPIENT_HEADERS, 'to'];
  const lines = headerLines.filter(({ key }) => names.includes(key)).map(({ line }) => line);
  return lines.map((line) => IN_VERP.exec(line)?.[1]).find((id) => id !== undefined);
}

function inReturned(mail: ParsedMail): string | undefined {
  const returned = partOf(mail, 'text/rfc822-headers') ?? partOf(mail, 'message/rfc822') ?? '';
  return MESSAGE_ID.exec(returned.split(/\r?\n\r?\n/, 1)[0] as string)?.[1];
}
