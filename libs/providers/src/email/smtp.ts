import { createPrivateKey } from 'node:crypto';
import { type Socket } from 'node:net';
import { domainToASCII } from 'node:url';
import { type FieldError, Format, Optional, parseMailbox } from '@herald/contracts';
import {
  type EmailMessage,
  type ProviderDefinition,
  type ProviderDeps,
  type SendContext,
} from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import { openGuardedSocket } from '@herald/platform';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { MailMessage, NodemailerError, SendMailOptions } from 'nodemailer';
import { CLOSED } from '../closed';
import { FORBIDDEN_ADDRESS } from '../http/network-failure';
import { tlsErrorKind } from '../tls-error';
import { classifyReply, parseReply } from './smtp-reply';

const DNS_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$/;
const HOST = new RegExp(`${DNS_NAME.source}|^[0-9A-Fa-f:.]{2,45}$`);

export class SmtpDkimConfig {
  @Matches(DNS_NAME, { message: 'must be a domain name' })
  @JSONSchema({ description: "The signature's d=; has to match the sender's domain for DMARC." })
  domain: string;

  @Matches(DNS_NAME, { message: 'must be the name under _domainkey that holds the public key' })
  selector: string;

  @IsString()
  @MinLength(1)
  @MaxLength(10_000)
  @JSONSchema({ description: 'An RSA key in PEM form, without passphrase.' })
  privateKey: string;
}

export class SmtpConfig {
  @Matches(HOST, { message: 'must be a host name or an IP address' })
  @JSONSchema({ description: 'Internal addresses have to be allowed as for webhooks.' })
  host: string;

  @IsInt()
  @Min(1)
  @Max(65_535)
  port: number;

  @Optional()
  @IsIn(['tls', 'starttls', 'none'])
  @JSONSchema({
    default: 'starttls',
    description:
      'tls: from the first byte (port 465). starttls: upgrade or fail. none: plain text even if the server offers ' +
      'STARTTLS, for a relay on the same machine or network.',
  })
  security?: 'tls' | 'starttls' | 'none';

  @Optional()
  @Format('single-line')
  @MinLength(1)
  @MaxLength(255)
  username?: string;

  @Optional()
  @IsString()
  @MinLength(1)
  @MaxLength(1024)
  password?: string;

  @Format('mailbox')
  @MaxLength(400)
  @JSONSchema({
    description: 'The sender of messages that name none.',
    examples: ['Shop <shop@example.com>'],
  })
  from: string;

  @Optional()
  @IsInt()
  @Min(1)
  @Max(100)
  @JSONSchema({ description: "Connections at most; the worker's own limit holds as well." })
  maxConnections?: number;

  @Optional()
  @IsBoolean()
  @JSONSchema({
    default: true,
    description:
      'false accepts any certificate: only for a server with a self-signed one, on a network that is trusted.',
  })
  rejectUnauthorized?: boolean;

  @Optional()
  @ValidateNested()
  @Type(() => SmtpDkimConfig)
  dkim?: SmtpDkimConfig;
}

/** What RFC 8058 wants covered stands beside the usual fields; nodemailer's own list lacks List-Unsubscribe-Post. */
const SIGNED_HEADERS =
  'From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type:Content-Transfer-Encoding:' +
  'In-Reply-To:References:List-Id:List-Unsubscribe:List-Unsubscribe-Post';

/** Fewer than servers commonly allow in one session; one that allows less says 421, and another connection is taken. */
const MESSAGES_PER_CONNECTION = 500;

/** RFC 5321 lets a line have 512 bytes; a greeting or a refusal with a long story has some dozens. */
const MAX_REPLY_CHARS = 64 * 1024;

/** E-mail through any SMTP server, with nodemailer's connection pool. */
export const smtp: ProviderDefinition<'email', SmtpConfig> = {
  type: 'smtp',
  channel: 'email',
  title: 'SMTP server',
  config: SmtpConfig,
  secrets: ['password', 'dkim'],
  check: checkConfig,

  async open(config, deps) {
    const { createTransport } = await import('nodemailer');
    const transport = createTransport(transportOptions(config, deps));
    transport.use('stream', trackProgress);
    let closed = false;
    return {
      async send(message, context) {
        if (closed) return CLOSED;
        const mail = composeMail(message, context, config.from);
        try {
          const { response } = await transport.sendMail(mail);
          return {
            outcome: 'accepted',
            providerMessageId: mail.messageId,
            ...(response && { code: parseReply(response)?.label, detail: response.slice(0, 512) }),
          };
        } catch (error) {
          // The pool fails what still waits in it, without a code, when it is closed.
          if (closed && !(error as NodemailerError).code) return CLOSED;
          return classify(error as NodemailerError, mail.progress.complete);
        }
      },
      async close() {
        closed = true;
        transport.close();
      },
    };
  },
};

function transportOptions(config: SmtpConfig, deps: ProviderDeps) {
  const { username: user, password: pass, security = 'starttls', dkim } = config;
  return {
    pool: true as const,
    host: config.host,
    port: config.port,
    // A tenant chose the host: without the guard it could probe the network that the worker stands in.
    getSocket: (_options: unknown, done: (error: Error | null, socket?: { connection: Socket }) => void) => {
      openGuardedSocket(deps.guardedDispatcher, config.host, config.port).then(
        (connection) => done(null, { connection }),
        done,
      );
    },
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { rejectUnauthorized: config.rejectUnauthorized ?? true, minVersion: 'TLSv1.2' as const },
    // Credentials that the server does not ask for are a mistake worth hearing of, not one to pass over in silence.
    ...(user && pass ? { auth: { user, pass }, forceAuth: true } : {}),
    ...(dkim && {
      dkim: {
        domainName: dkim.domain,
        keySelector: dkim.selector,
        privateKey: dkim.privateKey,
        headerFieldNames: SIGNED_HEADERS,
      },
    }),
    maxConnections: Math.min(config.maxConnections ?? deps.maxConnections, deps.maxConnections),
    maxMessages: MESSAGES_PER_CONNECTION,
    // A connection that the server had closed while idle costs a message one more try; the rest is the retry policy's.
    maxRequeues: 1,
    connectionTimeout: deps.timeoutMs,
    greetingTimeout: deps.timeoutMs,
    socketTimeout: deps.timeoutMs,
    dnsTimeout: deps.timeoutMs,
    // Read of one reply: a server that never ends its line must not fill the memory.
    maxResponseSize: MAX_REPLY_CHARS,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function checkConfig(config: SmtpConfig): FieldError[] {
  const errors: FieldError[] = [];
  if (config.username && !config.password) {
    errors.push({ pointer: '/password', detail: 'is required with a username' });
  }
  if (config.password && !config.username) {
    errors.push({ pointer: '/username', detail: 'is required with a password' });
  }
  if (config.dkim && !isRsaPrivateKey(config.dkim.privateKey)) {
    // nodemailer signs with RSA only and would send unsigned with any other key.
    errors.push({
      pointer: '/dkim/privateKey',
      detail: 'must be an RSA private key in PEM form without passphrase',
    });
  }
  return errors;
}

function isRsaPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}

/** A mail and how far the transport came with it. */
interface TrackedMail extends SendMailOptions {
  messageId: string;
  progress: { complete: boolean };
}

/** Message-ID and Date are those of the delivery and not of the attempt, so that a repeat can be recognised. */
function composeMail(message: EmailMessage, context: SendContext, defaultFrom: string): TrackedMail {
  const from = mailbox(message.from ?? defaultFrom);
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return {
    messageId: `<${context.deliveryId}@${domainToASCII(domain) || 'herald.invalid'}>`,
    date: new Date(context.createdAt),
    from,
    to: { name: '', address: message.to },
    ...(message.replyTo && { replyTo: mailbox(message.replyTo) }),
    subject: message.subject,
    text: message.text,
    html: message.html,
    headers: message.headers,
    attachments: message.attachments,
    xMailer: false,
    signal: context.signal,
    progress: { complete: false },
  };
}

function mailbox(value: string): { name: string; address: string } {
  const { name = '', address } = parseMailbox(value) ?? { address: value };
  return { name, address };
}

/**
 * Notes when the message has been read to its end. Only then does nodemailer send the final dot, and without that dot a
 * server must not accept the message (RFC 5321, 4.1.1.4): before it a failure is a failure, after it nobody can know.
 * Streams read ahead, so the end may be noted a little early, never late.
 */
function trackProgress(mail: MailMessage, done: () => void): void {
  const { progress } = mail.data as TrackedMail;
  const { message } = mail;
  const createReadStream = message.createReadStream.bind(message);
  message.createReadStream = (options) =>
    createReadStream(options).once('end', () => {
      progress.complete = true;
    });
  done();
}

/** By the server's reply if there is one, else by what broke and when. */
function classify(error: NodemailerError, complete: boolean): SendOutcome {
  if (!error.code) throw error;
  const reply = parseReply(error.response);
  if (reply && !reply.code.startsWith('2')) return classifyReply(reply, error.command);
  const what = typeof error.originalCode === 'string' ? error.originalCode : error.code;
  if (complete) {
    const code = `smtp_${what}`;
    return error.response
      ? { outcome: 'ambiguous', reason: 'provider_unavailable', code, detail: 'The reply is not SMTP.' }
      : { outcome: 'ambiguous', reason: 'timed_out', code, detail: 'The message was sent; no reply came.' };
  }
  const detail = error.message.slice(0, 512);
  if (what === FORBIDDEN_ADDRESS) {
    return { outcome: 'config-halt', reason: 'provider_misconfigured', code: 'forbidden_address', detail };
  }
  if (error.code === 'EAUTH' || tlsErrorKind(what) === 'certificate') {
    const code = error.code === 'EAUTH' ? 'smtp_EAUTH' : `tls_${what}`;
    return { outcome: 'config-halt', reason: 'provider_misconfigured', code, detail };
  }
  const reason = error.code === 'EABORT' ? 'timed_out' : 'provider_unavailable';
  return {
    outcome: 'retry',
    reason,
    code: tlsErrorKind(what) ? `tls_${what}` : `connect_${what}`,
    detail,
  };
}
