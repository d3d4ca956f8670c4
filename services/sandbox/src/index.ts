import { Behaviours } from './behaviours/behaviours';
import { behavioursApi } from './behaviours/behaviours-api';
import { type DirectRoute, httpApp, type OpsHandler } from './http/http-app';
import { listenHttp, portOf, stopHttp } from './http/http-listener';
import { inboundApi } from './inbound/inbound-api';
import type { SandboxLogger } from './logger';
import { page, type SandboxAddresses } from './page/page';
import type { EventWebhook } from './sendgrid/event-webhook';
import { openSendgrid, type SendgridAccount } from './sendgrid/open-sendgrid';
import { openSes, type SesAccount } from './ses/open-ses';
import type { SnsTopic } from './ses/sns-topic';
import { SmtpListener } from './smtp/smtp-listener';
import { openLedger } from './store/ledger';
import { LiveUpdates } from './store/live-updates';
import { MessageStore } from './store/message-store';
import { messagesApi } from './store/messages-api';
import { CallbackSender } from './twilio/callback-sender';
import { TWILIO_PREFIX, type TwilioAccount, twilioApi } from './twilio/twilio-api';
import { VONAGE_PREFIX, type VonageAccount, vonageApi } from './vonage/vonage-api';
import { isWebhook, webhookReceiver } from './webhook/webhook-receiver';

export type { Behaviour, BehaviourRule } from './behaviours/behaviour';
export type { Behaviours } from './behaviours/behaviours';
export type { SandboxLogger } from './logger';
export type { SendgridAccount } from './sendgrid/open-sendgrid';
export type { SesAccount } from './ses/open-ses';
export type { MessageStore, StoredMessage } from './store/message-store';
export type { TwilioAccount } from './twilio/twilio-api';
export type { VonageAccount } from './vonage/vonage-api';

export interface SandboxOptions {
  /** 0 takes a free port. */
  httpPort: number;
  /** 0 takes a free port. */
  smtpPort: number;
  /** Address to listen on; 127.0.0.1 by default. The sandbox has no login: it is not for the open network. */
  host?: string;
  /** Offers STARTTLS with a certificate no client should trust; off by default. */
  startTls?: boolean;
  twilio: { accounts: readonly TwilioAccount[] };
  /** Without it Vonage's door knows no account. */
  vonage?: { accounts: readonly VonageAccount[] };
  /** Without it there is no SendGrid API. */
  sendgrid?: SendgridAccount;
  /** Without it there is neither SES nor SNS: its login is anybody's. */
  ses?: SesAccount;
  /** The secrets (`whsec_…`) webhooks may be signed with; asked for each webhook. */
  webhookSecrets: () => readonly string[] | Promise<readonly string[]>;
  /** How many messages are kept, the newest; 20,000 by default. */
  maxMessages?: number;
  /** A file that gets a line for each message that arrives; see {@link openLedger}. */
  ledgerFile?: string;
  /** A command that sends a first message through Herald, shown while nothing has arrived. */
  firstRequest?: () => string | undefined;
  /** Answers health and metrics, giving undefined for other paths. */
  ops?: OpsHandler;
  logger: SandboxLogger;
}

export interface Sandbox {
  httpUrl: string;
  smtpPort: number;
  store: MessageStore;
  behaviours: Behaviours;
  /** Where SendGrid's events go, as its own API sets it too; missing without an account of SendGrid. */
  sendgridEvents?: EventWebhook;
  /** The topic that notifications of SES come through; missing without an account of SES. */
  sesTopic?: Pick<SnsTopic, 'topicArn' | 'subscribe' | 'confirmed'>;
  /** Ends all connections and forgets what was to be sent. */
  stop(): Promise<void>;
}

const MAX_MESSAGES = 20_000;
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Starts the outside world for development: an SMTP server, the APIs of providers and a webhook receiver that keep
 * what arrives, misbehave when told to, and show it on a page. Fails when a port is taken, leaving nothing behind.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { logger, host = '127.0.0.1', maxMessages = MAX_MESSAGES } = options;
  const ledger = options.ledgerFile ? openLedger(options.ledgerFile) : undefined;
  const store = new MessageStore({ maxMessages, maxBytes: MAX_BYTES, note: ledger?.note });
  const behaviours = new Behaviours();
  const sendgrid = options.sendgrid && openSendgrid(options.sendgrid, { store, behaviours, logger });
  const callbacks = new CallbackSender({ logger });
  const ses = options.ses && (await openSes(options.ses, { behaviours, callbacks, baseUrl: () => httpUrl }));
  const { smtpPort: port, startTls = false } = options;
  const smtp = new SmtpListener({ host, port, startTls, account: ses?.smtp, store, behaviours, logger });
  const smtpPort = await smtp.start();
  const live = new LiveUpdates(store);
  const addresses = (): SandboxAddresses => ({
    httpUrl,
    smtp: { host: reachable(host), port: smtpPort },
    twilio: firstAccount(options.twilio.accounts),
    sendgrid: sendgrid?.addresses,
    firstRequest: options.firstRequest?.() ?? null,
  });
  const inbound = inboundApi({ twilio: options.twilio.accounts, vonage: vonageAccounts(options), callbacks });
  const routers = [messagesApi(store, live), behavioursApi(behaviours), inbound, page(addresses)];
  const doors = providerDoors(options, store, behaviours, callbacks);
  if (sendgrid) doors.push(sendgrid.door);
  if (ses) doors.push(ses.door);
  const app = httpApp({ doors, ops: options.ops, routers, logger });
  const server = await listenHttp(app, host, options.httpPort).catch(async (error: unknown) => {
    live.stop();
    await smtp.stop();
    throw error;
  });
  const httpUrl = `http://${reachable(host)}:${portOf(server)}`;
  logger.info({ httpUrl, smtpPort }, 'the sandbox takes messages');
  if (options.ses?.endpoint) ses?.topic.subscribe(options.ses.endpoint);
  const stop = async (): Promise<void> => {
    live.stop();
    await Promise.all([stopHttp(server), smtp.stop(), callbacks.stop(), sendgrid?.events.stop()]);
    ledger?.close();
  };
  return {
    httpUrl,
    smtpPort,
    store,
    behaviours,
    sendgridEvents: sendgrid?.events,
    sesTopic: ses?.topic,
    stop,
  };
}

function providerDoors(
  options: SandboxOptions,
  store: MessageStore,
  behaviours: Behaviours,
  callbacks: CallbackSender,
): DirectRoute[] {
  const { accounts } = options.twilio;
  const twilio = twilioApi({ accounts, store, behaviours, callbacks });
  const vonage = vonageApi({ accounts: vonageAccounts(options), store, behaviours, callbacks });
  const webhook = webhookReceiver({
    secrets: options.webhookSecrets,
    store,
    behaviours,
    logger: options.logger,
  });
  return [
    { takes: (url) => url.startsWith(TWILIO_PREFIX), handle: twilio },
    { takes: (url) => url.startsWith(VONAGE_PREFIX), handle: vonage },
    { takes: isWebhook, handle: webhook },
  ];
}

const vonageAccounts = ({ vonage }: SandboxOptions): readonly VonageAccount[] => vonage?.accounts ?? [];

function firstAccount([account]: readonly TwilioAccount[]): SandboxAddresses['twilio'] {
  return account === undefined ? null : { accountSid: account.sid, authToken: account.authToken };
}

/** A host name for URLs: one can listen on every address, but not call it. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
