import { type ApnsAccess, type ApnsOptions, openApns } from './apns/open-apns';
import { Behaviours } from './behaviours/behaviours';
import { behavioursApi } from './behaviours/behaviours-api';
import { type FcmAccess, openFcm } from './fcm/open-fcm';
import type { FcmAccount } from './fcm/service-account';
import { type DirectRoute, httpApp, type OpsHandler } from './http/http-app';
import { listenHttp, portOf, stopHttp } from './http/http-listener';
import { inappApi } from './inapp/inapp-api';
import { InAppClient, type InAppOptions } from './inapp/inapp-client';
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
import { openWebPush, type WebPushOptions } from './webpush/open-web-push';
import type { Subscriptions } from './webpush/subscriptions';

export type { ApnsAccess, ApnsOptions } from './apns/open-apns';
export type { Behaviour, BehaviourRule } from './behaviours/behaviour';
export type { Behaviours } from './behaviours/behaviours';
export type { FcmAccess } from './fcm/open-fcm';
export type { FcmAccount } from './fcm/service-account';
export type { InAppOptions } from './inapp/inapp-client';
export type { SandboxLogger } from './logger';
export type { SendgridAccount } from './sendgrid/open-sendgrid';
export type { SesAccount } from './ses/open-ses';
export type { MessageStore, StoredMessage } from './store/message-store';
export type { TwilioAccount } from './twilio/twilio-api';
export type { VonageAccount } from './vonage/vonage-api';
export type { WebPushOptions } from './webpush/open-web-push';
export type { PushSubscriptionJson } from './webpush/subscriptions';

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
  /** Without it there is no FCM. */
  fcm?: FcmAccount;
  /** Without it there is no APNs. It has a port of its own: it speaks HTTP/2. */
  apns?: ApnsOptions;
  webpush?: WebPushOptions;
  /** An app in which some recipients are signed in. Without it nothing of the in-app feed is here. */
  inapp?: InAppOptions;
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
  /** What a client needs to send by FCM; missing without an account. */
  fcm?: FcmAccess;
  /** Likewise of APNs. */
  apns?: ApnsAccess;
  /** Browsers that never were: the subscription of a name is the same one each time, also after a restart with a seed. */
  webpush: { subscription: Subscriptions['subscribe'] };
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
  const stops: (() => void | Promise<void> | undefined)[] = [];
  const stop = async (): Promise<void> => {
    // The latest first: the ledger is closed when nothing can arrive any more.
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await startParts(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  options: SandboxOptions,
  stops: (() => void | Promise<void> | undefined)[],
): Promise<Omit<Sandbox, 'stop'>> {
  const { logger, host = '127.0.0.1', maxMessages = MAX_MESSAGES, startTls = false } = options;
  const ledger = options.ledgerFile ? openLedger(options.ledgerFile) : undefined;
  stops.push(() => ledger?.close());
  const store = new MessageStore({ maxMessages, maxBytes: MAX_BYTES, note: ledger?.note });
  const behaviours = new Behaviours();
  const callbacks = new CallbackSender({ logger });
  const outside = await openProviders(options, {
    store,
    behaviours,
    callbacks,
    logger,
    baseUrl: () => httpUrl,
  });
  const { sendgrid, ses, fcm, webpush } = outside;
  stops.push(
    () => callbacks.stop(),
    () => sendgrid?.events.stop(),
  );
  const door = { store, behaviours, logger };
  const smtp = new SmtpListener({ host, port: options.smtpPort, startTls, account: ses?.smtp, ...door });
  const smtpPort = await smtp.start();
  stops.push(() => smtp.stop());
  const apns = options.apns && (await openApns(options.apns, { ...door, host, hostInUrl: reachable(host) }));
  stops.push(() => apns?.stop());
  const inapp = options.inapp && new InAppClient(options.inapp, { store, logger });
  stops.push(() => inapp?.stop());
  const live = new LiveUpdates(store);
  stops.push(() => live.stop());
  const addresses = (): SandboxAddresses => ({
    httpUrl,
    smtp: { host: reachable(host), port: smtpPort },
    twilio: firstAccount(options.twilio.accounts),
    sendgrid: sendgrid?.addresses,
    inapp: inapp && { recipients: inapp.list().map(({ recipient }) => recipient) },
    firstRequest: options.firstRequest?.() ?? null,
  });
  const inbound = inboundApi({ twilio: options.twilio.accounts, vonage: vonageAccounts(options), callbacks });
  const common = [
    messagesApi(store, live),
    behavioursApi(behaviours),
    inbound,
    webpush.page,
    page(addresses),
  ];
  const routers = [...(inapp ? [inappApi(inapp)] : []), ...(apns ? [apns.page] : []), ...common];
  const app = httpApp({ doors: outside.doors, ops: options.ops, routers, logger });
  const server = await listenHttp(app, host, options.httpPort);
  stops.push(() => stopHttp(server));
  const httpUrl = `http://${reachable(host)}:${portOf(server)}`;
  logger.info({ httpUrl, smtpPort }, 'the sandbox takes messages');
  inapp?.start();
  if (options.ses?.endpoint) ses?.topic.subscribe(options.ses.endpoint);
  return {
    httpUrl,
    smtpPort,
    store,
    behaviours,
    sendgridEvents: sendgrid?.events,
    sesTopic: ses?.topic,
    fcm: fcm?.access,
    apns: apns?.access,
    webpush: { subscription: webpush.subscription },
  };
}

interface Shared {
  store: MessageStore;
  behaviours: Behaviours;
  callbacks: CallbackSender;
  logger: SandboxLogger;
  baseUrl: () => string;
}

/** What stands behind the one HTTP port. */
async function openProviders(options: SandboxOptions, shared: Shared) {
  const { store, behaviours, callbacks } = shared;
  const sendgrid = options.sendgrid && openSendgrid(options.sendgrid, shared);
  const ses = options.ses && (await openSes(options.ses, shared));
  const fcm = options.fcm && (await openFcm(options.fcm, shared));
  const webpush = openWebPush(options.webpush ?? {}, shared);
  const doors = [...providerDoors(options, store, behaviours, callbacks), webpush.door];
  for (const each of [sendgrid, ses, fcm]) if (each) doors.push(each.door);
  return { sendgrid, ses, fcm, webpush, doors };
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
