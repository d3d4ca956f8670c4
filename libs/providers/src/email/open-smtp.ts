import { type Socket } from 'node:net';
import { domainToASCII } from 'node:url';
import { parseMailbox } from '@herald/contracts';
import { type EmailMessage, type Provider, type ProviderDeps, type SendContext } from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import { openGuardedSocket } from '@herald/platform';
import type { MailMessage, NodemailerError, SendMailOptions } from 'nodemailer';
import { CLOSED } from '../closed';
import { FORBIDDEN_ADDRESS } from '../http/network-failure';
import { tlsErrorKind } from '../tls-error';
import { type Verdict } from '../verdict';
import { bounceAddress } from './dsn';
import { classifyReply, parseReply, type SmtpReply } from './smtp-reply';

/** Where to send, and as whom. */
export interface SmtpServerConfig {
  host: string;
  port: number;
  /** starttls by default. */
  security?: 'tls' | 'starttls' | 'none';
  username?: string;
  password?: string;
  /** The sender of messages that name none. */
  from: string;
  maxConnections?: number;
  rejectUnauthorized?: boolean;
  dkim?: { domain: string; selector: string; privateKey: string };
  /** Where bounces go that come as mail; see `bounceAddress` of a delivery. */
  bounceAddress?: string;
}

/** What a service does in its own way beyond SMTP. */
export interface SmtpDialect {
  /** The message's headers, with those of the service. */
  headers(message: EmailMessage, context: SendContext): Record<string, string>;
  /** The service's id of a message that it took; undefined for a reply without one. */
  acceptedId(reply: string): string | undefined;
  /** What a refusal means there, before what it means everywhere. */
  verdict(reply: SmtpReply): Verdict | undefined;
}

/** What RFC 8058 wants covered stands beside the usual fields; nodemailer's own list lacks List-Unsubscribe-Post. */
const SIGNED_HEADERS =
  'From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type:Content-Transfer-Encoding:' +
  'In-Reply-To:References:List-Id:List-Unsubscribe:List-Unsubscribe-Post';

/** Fewer than servers commonly allow in one session; one that allows less says 421, and another connection is taken. */
const MESSAGES_PER_CONNECTION = 500;

/** RFC 5321 lets a line have 512 bytes; a greeting or a refusal with a long story has some dozens. */
const MAX_REPLY_CHARS = 64 * 1024;

/** Opens a provider that sends with nodemailer's connection pool, which is loaded here. */
export async function openSmtp(
  config: SmtpServerConfig,
  deps: ProviderDeps,
  dialect?: SmtpDialect,
): Promise<Provider<'email'>> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(transportOptions(config, deps));
  transport.use('stream', trackProgress);
  let closed = false;
  return {
    async send(message, context) {
      if (closed) return CLOSED;
      const headers = dialect?.headers(message, context) ?? message.headers;
      const mail = composeMail(message, context, config, headers);
      try {
        const { response } = await transport.sendMail(mail);
        return {
          outcome: 'accepted',
          providerMessageId: dialect ? dialect.acceptedId(response) : mail.messageId,
          ...(response && { code: parseReply(response)?.label, detail: response.slice(0, 512) }),
        };
      } catch (error) {
        // The pool fails what still waits in it, without a code, when it is closed.
        if (closed && !(error as NodemailerError).code) return CLOSED;
        return classify(error as NodemailerError, mail.progress.complete, dialect?.verdict);
      }
    },
    async close() {
      closed = true;
      transport.close();
    },
  };
}

function transportOptions(config: SmtpServerConfig, deps: ProviderDeps) {
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

/** A mail and how far the transport came with it. */
interface TrackedMail extends SendMailOptions {
  messageId: string;
  progress: { complete: boolean };
}

/** Message-ID and Date are those of the delivery and not of the attempt, so that a repeat can be recognised. */
function composeMail(
  message: EmailMessage,
  context: SendContext,
  config: Pick<SmtpServerConfig, 'from' | 'bounceAddress'>,
  headers: Record<string, string>,
): TrackedMail {
  const from = mailbox(message.from ?? config.from);
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return {
    messageId: `<${context.deliveryId}@${domainToASCII(domain) || 'herald.invalid'}>`,
    date: new Date(context.createdAt),
    from,
    to: { name: '', address: message.to },
    ...(config.bounceAddress && {
      envelope: { from: bounceAddress(config.bounceAddress, context.deliveryId), to: message.to },
    }),
    ...(message.replyTo && { replyTo: mailbox(message.replyTo) }),
    subject: message.subject,
    text: message.text,
    html: message.html,
    headers,
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
function classify(
  error: NodemailerError,
  complete: boolean,
  own: SmtpDialect['verdict'] | undefined,
): SendOutcome {
  if (!error.code) throw error;
  const reply = parseReply(error.response);
  if (reply && !reply.code.startsWith('2')) return classifyReply(reply, error.command, own?.(reply));
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
