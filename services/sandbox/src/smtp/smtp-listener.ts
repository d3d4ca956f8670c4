import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  SMTPServer,
  type SMTPServerAddress,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from 'smtp-server';
import type { Decision } from '../behaviours/behaviour';
import type { Behaviours } from '../behaviours/behaviours';
import type { SandboxLogger } from '../logger';
import type { MessageStore } from '../store/message-store';
import { EmailMessage } from './email-message';
import { type ParsedEmail, parsedEmail } from './parsed-email';
import { rcptRefusal, type SmtpRefusal, smtpRefusal } from './smtp-refusal';

const MAX_MESSAGE_BYTES = 30 * 1024 * 1024;
const NOT_SMTP = 'HTTP/1.1 200 this is not SMTP\r\n';

/** A mail that came by the login of a provider. */
export interface TakenMail {
  email: ParsedEmail;
  /** The sender of the transaction. */
  from: string;
  to: string[];
}

/** A login by which the server is that of a provider, and not anybody's. */
export interface SmtpAccount {
  username: string;
  password: string;
  /** What a rule names to mean this provider's door. */
  provider: string;
  /** Takes note of a mail; gives the text of the reply 250. */
  accept(mail: TakenMail): string;
}

export interface SmtpListenerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Offers STARTTLS with smtp-server's built-in certificate, which no client should trust. */
  startTls: boolean;
  /** A login that is a provider's; any other is anybody's. */
  account?: SmtpAccount;
  store: MessageStore;
  behaviours: Behaviours;
  logger: SandboxLogger;
}

type Reply = (refusal?: SmtpRefusal | null, message?: string) => void;

/**
 * An SMTP server that takes every mail, with any login or none, and keeps one message per recipient. Only the login of a
 * provider's account wants its password.
 * Fails with the listening error when the port is taken.
 */
export class SmtpListener {
  private readonly server: SMTPServer;
  private readonly sockets = new Map<string, Socket>();
  /** What was decided at RCPT for the end of the transaction. Each transaction has an envelope of its own. */
  private readonly plans = new WeakMap<object, Decision>();

  constructor(private readonly options: SmtpListenerOptions) {
    this.server = new SMTPServer({
      ...protocolOptions(options.startTls),
      onAuth: ({ username = '', password }, _session, done) => {
        const { account } = options;
        if (account?.username !== username || account.password === password)
          return done(null, { user: username || 'anyone' });
        const refusal = new Error('Authentication Credentials Invalid');
        done(Object.assign(refusal, { responseCode: 535 }));
      },
      onConnect: (session, next) => this.onConnect(session, next),
      onRcptTo: (address, session, next) => this.onRcptTo(address, session, next),
      onData: (stream, session, reply) => this.onData(stream, session, reply as Reply),
    });
    this.server.server.on('connection', (socket) => this.track(socket));
  }

  /** Listens; gives the port. */
  async start(): Promise<number> {
    const { host, port, logger } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    this.server.on('error', (error: NodeJS.ErrnoException) => {
      logger.warn({ code: error.code ?? error.name }, 'an SMTP connection failed');
    });
    return (this.server.server.address() as AddressInfo).port;
  }

  /** Ends every connection, also those that hang because they were told to. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(resolve));
    for (const socket of this.sockets.values()) socket.destroy();
    await closed;
  }

  private onConnect(session: SMTPServerSession, next: () => void): void {
    if (this.options.behaviours.dropsConnection()) this.drop(session);
    else next();
  }

  private onRcptTo(address: SMTPServerAddress, session: SMTPServerSession, reply: Reply): void {
    const decision = this.options.behaviours.decide(
      'email',
      [address.address],
      this.accountOf(session)?.provider ?? 'smtp',
    );
    const refusal = rcptRefusal(decision);
    if (refusal !== undefined) reply(refusal);
    else if (decision.type === 'garbage') this.socketOf(session)?.end(NOT_SMTP);
    else {
      // A transaction has one outcome: that of its first recipient with a rule.
      const planned = this.plans.has(session.envelope);
      if (!planned && decision.type !== 'accept') this.plans.set(session.envelope, decision);
      reply();
    }
  }

  private onData(stream: SMTPServerDataStream, session: SMTPServerSession, reply: Reply): void {
    const { envelope } = session;
    const plan = this.plans.get(envelope) ?? { type: 'accept' };
    if (plan.type === 'drop' && plan.at === 'data') {
      this.drop(session);
      return;
    }
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => {
      if (stream.sizeExceeded) chunks.length = 0;
      else chunks.push(chunk);
    });
    stream.on('end', () => {
      // smtp-server itself answers 552 to what is too large.
      if (stream.sizeExceeded) return reply();
      const take = () => this.take(chunks, envelope, this.accountOf(session));
      this.finish(plan, session, take, reply).catch((error: unknown) => {
        this.options.logger.error({ err: error }, 'the sandbox could not take an email');
        reply(Object.assign(new Error('4.3.0 the sandbox failed'), { responseCode: 451 }));
      });
    });
  }

  private async finish(
    plan: Decision,
    session: SMTPServerSession,
    take: () => string,
    reply: Reply,
  ): Promise<void> {
    if (plan.type === 'delay') await sleep(plan.ms, undefined, { ref: false });
    if (plan.type === 'fail') return reply(smtpRefusal(plan));
    if (plan.type === 'hang' && plan.at === 'data') return;
    const taken = take();
    if (plan.type === 'hang') return;
    if (plan.type === 'drop') return this.drop(session);
    reply(null, taken);
  }

  /** Keeps one message per recipient; gives the text of the reply: with the id of the last, or the provider's own. */
  private take(
    chunks: Buffer[],
    envelope: SMTPServerSession['envelope'],
    account: SmtpAccount | undefined,
  ): string {
    // The copy also frees the socket's read buffers, of which each chunk is a small part.
    const email = parsedEmail(Buffer.concat(chunks));
    const from = envelope.mailFrom ? envelope.mailFrom.address : '';
    let id = '';
    for (const { address } of envelope.rcptTo) {
      id = this.options.store.add(new EmailMessage(email, address, from)).id;
    }
    const to = envelope.rcptTo.map(({ address }) => address);
    return account ? account.accept({ email, from, to }) : `OK: queued as ${id}`;
  }

  private accountOf({ user }: SMTPServerSession): SmtpAccount | undefined {
    const { account } = this.options;
    return account?.username === user ? account : undefined;
  }

  private track(socket: Socket): void {
    const key = endpoint(socket.remoteAddress, socket.remotePort);
    this.sockets.set(key, socket);
    socket.once('close', () => this.sockets.delete(key));
  }

  private socketOf(session: SMTPServerSession): Socket | undefined {
    return this.sockets.get(endpoint(session.remoteAddress, session.remotePort));
  }

  private drop(session: SMTPServerSession): void {
    this.socketOf(session)?.destroy();
  }
}

const endpoint = (address: string | undefined, port: number | undefined): string =>
  `${(address ?? '').replace(/^::ffff:/i, '')}|${port}`;

function protocolOptions(startTls: boolean): SMTPServerOptions {
  return {
    name: 'sandbox.herald.local',
    banner: 'Herald sandbox: takes everything, delivers nothing',
    logger: false,
    noDelay: true,
    size: MAX_MESSAGE_BYTES,
    rejectOversized: true,
    authOptional: true,
    allowInsecureAuth: true,
    authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'],
    disabledCommands: startTls ? [] : ['STARTTLS'],
    disableReverseLookup: true,
  };
}
