import { FORMATS } from '@herald/contracts';
import { isObject } from '../behaviours/field-reader';
import { fieldError, type SendgridError } from './sendgrid-errors';

type Fields = Record<string, unknown>;

/** One address that a request writes to, with what holds for it alone already merged in. */
export interface MailRecipient {
  email: string;
  subject: string;
  headers: Record<string, string>;
  customArgs: Record<string, string>;
}

export interface MailAttachment {
  filename: string;
  type: string;
  /** Base64. */
  content: string;
}

/** A valid request to send mail. */
export interface MailSend {
  recipients: MailRecipient[];
  from: { email: string; name?: string };
  replyTo: string | null;
  contents: { type: string; value: string }[];
  attachments: MailAttachment[];
  /** Only checked, sent to nobody. */
  sandboxMode: boolean;
}

export type ParsedMailSend = { ok: true; mail: MailSend } | { ok: false; errors: SendgridError[] };

const MAX_PERSONALIZATIONS = 1000;
const MAX_CUSTOM_ARGS_BYTES = 10_000;
const BASE64 = /^[A-Za-z0-9+/\r\n]+={0,2}$/;
const RESERVED_HEADERS = new Set(
  (
    'x-sg-id x-sg-eid received dkim-signature content-type content-transfer-encoding to from subject reply-to ' +
    'cc bcc'
  ).split(' '),
);

/** Checks the body of `POST /v3/mail/send` as SendGrid does: all that is wrong is answered, each with its field. */
export function parseMailSend(body: unknown): ParsedMailSend {
  if (!isObject(body)) return { ok: false, errors: [fieldError(null, 'Bad Request')] };
  const checker = new Checker(body);
  const mail: MailSend = {
    from: checker.address(body.from, 'from', 'from.email'),
    replyTo: body.reply_to === undefined ? null : checker.address(body.reply_to, 'reply_to').email,
    recipients: checker.recipients(),
    contents: checker.contents(),
    attachments: checker.attachments(),
    sandboxMode: isSandboxMode(body.mail_settings),
  };
  return checker.errors.length > 0 ? { ok: false, errors: checker.errors } : { ok: true, mail };
}

function isSandboxMode(settings: unknown): boolean {
  const mode = isObject(settings) ? settings.sandbox_mode : undefined;
  return isObject(mode) && mode.enable === true;
}

/** Reads one request, collecting what is wrong. What it gives is of use only without errors. */
class Checker {
  readonly errors: SendgridError[] = [];

  constructor(private readonly body: Fields) {}

  address(value: unknown, field: string, missing = `${field}.email`): { email: string; name?: string } {
    const { email, name } = isObject(value) ? value : {};
    if (typeof email !== 'string' || email === '') this.refuse(missing, 'The email parameter is required.');
    else if (!FORMATS.email.check(email)) this.refuse(`${field}.email`, 'Does not contain a valid address.');
    if (name !== undefined && typeof name !== 'string') this.refuse(`${field}.name`, 'Expected a string.');
    return { email: String(email), ...(typeof name === 'string' && { name }) };
  }

  recipients(): MailRecipient[] {
    const { personalizations } = this.body;
    if (!Array.isArray(personalizations) || personalizations.length === 0) {
      this.refuse('personalizations', 'The field is required and needs at least one personalization.');
      return [];
    }
    if (personalizations.length > MAX_PERSONALIZATIONS) {
      this.refuse('personalizations', `There may be at most ${MAX_PERSONALIZATIONS} personalizations.`);
      return [];
    }
    return personalizations.flatMap((one, index) => this.personalization(one, `personalizations.${index}`));
  }

  private personalization(value: unknown, field: string): MailRecipient[] {
    const own = isObject(value) ? value : {};
    if (!Array.isArray(own.to) || own.to.length === 0) {
      this.refuse(`${field}.to`, 'The to array is required and needs at least one valid address.');
      return [];
    }
    const subject = own.subject ?? this.body.subject;
    if (typeof subject !== 'string' || subject === '') this.refuse('subject', 'The subject is required.');
    const shared = {
      subject: String(subject),
      headers: {
        ...this.headers(this.body.headers, 'headers'),
        ...this.headers(own.headers, `${field}.headers`),
      },
      customArgs: this.customArgs(own.custom_args, `${field}.custom_args`),
    };
    return ['to', 'cc', 'bcc'].flatMap((kind) => {
      const list = Array.isArray(own[kind]) ? own[kind] : [];
      return list.map((one: unknown, index: number) => {
        const { email } = this.address(one, `${field}.${kind}.${index}`);
        return { email, ...shared };
      });
    });
  }

  private headers(value: unknown, field: string): Record<string, string> {
    const headers = this.texts(value, field);
    for (const name of Object.keys(headers)) {
      if (RESERVED_HEADERS.has(name.toLowerCase()))
        this.refuse(`${field}.${name}`, 'The header is reserved.');
    }
    return headers;
  }

  private customArgs(value: unknown, field: string): Record<string, string> {
    const args = { ...this.texts(this.body.custom_args, 'custom_args'), ...this.texts(value, field) };
    if (Buffer.byteLength(JSON.stringify(args)) >= MAX_CUSTOM_ARGS_BYTES) {
      this.refuse(
        'custom_args',
        `There may be less than ${MAX_CUSTOM_ARGS_BYTES} bytes of custom arguments.`,
      );
    }
    return args;
  }

  private texts(value: unknown, field: string): Record<string, string> {
    if (value === undefined) return {};
    if (!isObject(value)) {
      this.refuse(field, 'Expected an object.');
      return {};
    }
    for (const [name, text] of Object.entries(value)) {
      if (typeof text !== 'string') this.refuse(`${field}.${name}`, 'Expected a string.');
    }
    return value as Record<string, string>;
  }

  contents(): MailSend['contents'] {
    const { content } = this.body;
    if (!Array.isArray(content) || content.length === 0) {
      this.refuse('content', 'At least one content block is required.');
      return [];
    }
    const contents = content.map((one: unknown, index) => {
      const { type, value } = isObject(one) ? one : {};
      if (typeof type !== 'string' || type === '')
        this.refuse(`content.${index}.type`, 'The type is required.');
      if (typeof value !== 'string' || value === '') {
        this.refuse(`content.${index}.value`, 'The value must be a string of one character at least.');
      }
      return { type: String(type), value: String(value) };
    });
    const types = contents.map(({ type }) => type);
    if (types.indexOf('text/plain') > 0 || types.indexOf('text/html') > types.indexOf('text/plain') + 1) {
      this.refuse('content', 'The order is text/plain, text/html, and then other types.');
    }
    return contents;
  }

  attachments(): MailAttachment[] {
    const { attachments = [] } = this.body;
    if (!Array.isArray(attachments)) {
      this.refuse('attachments', 'Expected an array.');
      return [];
    }
    return attachments.map((one: unknown, index) => {
      const { content, filename, type = 'application/octet-stream' } = isObject(one) ? one : {};
      const field = `attachments.${index}`;
      if (typeof content !== 'string' || !BASE64.test(content))
        this.refuse(`${field}.content`, 'The content has to be base64.');
      if (typeof filename !== 'string' || filename === '')
        this.refuse(`${field}.filename`, 'The filename is required.');
      return { content: String(content), filename: String(filename), type: String(type) };
    });
  }

  private refuse(field: string, message: string): void {
    this.errors.push(fieldError(field, message));
  }
}
