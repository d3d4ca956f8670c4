import { type HeaderLines, type ParsedMail, simpleParser } from 'mailparser';

export interface EmailHead {
  subject: string | null;
  /** As written: `"Acme" <news@acme.example>`. */
  from: string;
  messageId: string | null;
}

export interface AttachmentInfo {
  filename: string | null;
  contentType: string;
  /** Bytes after decoding. */
  size: number;
}

export interface EmailContent extends EmailHead {
  date: string | null;
  /** The `To` header as written; the recipient of the transaction may be another one. */
  toHeader: string;
  text: string;
  html: string | null;
  /** Lower-case names, unfolded raw values; a list where a header is repeated. */
  headers: Record<string, string | string[]>;
  attachments: AttachmentInfo[];
}

/** A received mail: its source, and readings of it that are made once, when first asked for. */
export interface ParsedEmail {
  readonly source: Buffer;
  /** From the header block alone: about half the cost of the whole, and independent of attachments. */
  head(): Promise<EmailHead>;
  content(): Promise<EmailContent>;
}

// Without these mailparser makes an HTML version of a text, a text version of HTML, and MD5 sums: none is shown.
const PARSER_OPTIONS = {
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipTextLinks: true,
  checksumAlgo: false,
} as const;

/** Wraps a raw mail. Parsing takes about 0.3 ms of CPU, so that accepting one must not wait for it. */
export function parsedEmail(source: Buffer): ParsedEmail {
  let head: Promise<EmailHead> | undefined;
  let content: Promise<EmailContent> | undefined;
  return {
    source,
    head: () => {
      head ??= content ?? simpleParser(headerBlock(source), PARSER_OPTIONS).then(toHead, () => UNREADABLE);
      return head;
    },
    content: () => {
      content ??= simpleParser(source, PARSER_OPTIONS).then(toContent, () => unreadable(source));
      return content;
    },
  };
}

const UNREADABLE: EmailHead = { subject: null, from: '', messageId: null };

/** What is shown of a mail no parser takes (say, of a million parts): its source. */
function unreadable(source: Buffer): EmailContent {
  const text = source.toString('utf8');
  return { ...UNREADABLE, date: null, toHeader: '', text, html: null, headers: {}, attachments: [] };
}

function headerBlock(source: Buffer): Buffer {
  const end = source.indexOf('\r\n\r\n');
  return end === -1 ? source : source.subarray(0, end + 4);
}

function toHead(mail: ParsedMail): EmailHead {
  return {
    subject: mail.subject ?? null,
    from: mail.from?.text ?? '',
    messageId: mail.messageId ?? null,
  };
}

function toContent(mail: ParsedMail): EmailContent {
  const to = mail.to === undefined ? [] : [mail.to].flat();
  return {
    ...toHead(mail),
    date: mail.date?.toISOString() ?? null,
    toHeader: to.map((address) => address.text).join(', '),
    text: mail.text ?? '',
    html: mail.html === false || mail.html === undefined ? null : mail.html,
    headers: toHeaders(mail.headerLines),
    attachments: mail.attachments.map(({ filename, contentType, size }) => ({
      filename: filename ?? null,
      contentType,
      size,
    })),
  };
}

function toHeaders(lines: HeaderLines): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const { key, line } of lines) {
    const value = line
      .slice(line.indexOf(':') + 1)
      .replace(/\r?\n(?=[ \t])/g, '')
      .trim();
    const known = headers[key];
    headers[key] = known === undefined ? value : [known, value].flat();
  }
  return headers;
}
