import {
  type Channel,
  type DtoClass,
  type Reason,
  type ReceiptEvent,
  type ReceiptState,
} from '@herald/contracts';
import { type SendOutcome, type SuppressionReason } from '@herald/domain';
import { type Dispatcher } from 'undici';
import { type MessageOf } from './message';

/** What a provider is told beside the message. */
export interface SendContext {
  tenantId: string;
  /** Stable over retries: what providers that can dedupe get as their id. */
  deliveryId: string;
  /** 1 for the first call. */
  attempt: number;
  /** When the delivery was accepted, in epoch milliseconds; for headers that must not change over retries. */
  createdAt: number;
  /** Aborts when the time for this attempt is over or the worker is stopping. */
  signal: AbortSignal;
  /** Where the provider may post receipts; missing when the deployment has no public edge. */
  receiptUrl?: string;
  /** W3C Trace Context of this call, for providers that hand it on. */
  traceparent?: string;
}

/** A configured, connected provider of one tenant. */
export interface Provider<C extends Channel> {
  /** Resolves with the classified outcome, also for every error of the network or the provider; throws only for bugs. */
  send(message: MessageOf[C], context: SendContext): Promise<SendOutcome>;
  /** Waits for nothing: closes idle connections and refuses further calls. */
  close(): Promise<void>;
}

/** What a worker lends to its providers. */
export interface ProviderDeps {
  /** Time for one attempt in all, in milliseconds. */
  timeoutMs: number;
  /** Connections to one provider at most. */
  maxConnections: number;
  /** For targets that tenants choose: refuses internal addresses at connect time. */
  guardedDispatcher: Dispatcher;
}

/** A callback of a provider as it came in. */
export interface ReceiptRequest {
  /** The public URL that the provider called, with its query. */
  url: string;
  headers: Record<string, string | string[] | undefined>;
  rawBody: Buffer;
}

/** What a callback says of one delivery. */
interface OfDelivery {
  /** Missing where the URL of the callback names the delivery, since each message was given its own. */
  deliveryId?: string;
  /** The provider's own code, e.g. `twilio_30003`. */
  code?: string;
  providerMessageId?: string;
  /** The delivery's address is not written to any more. */
  suppress?: SuppressionReason;
  /** When it happened, by the provider. */
  at?: Date;
}

/** One thing that a callback says; a callback can say several. */
export type Receipt =
  | ({ kind: 'state'; state: ReceiptState; reason?: Reason } & OfDelivery)
  /** `eventId`: the provider's id of the event, so that one that comes twice counts once. */
  | ({ kind: 'event'; event: ReceiptEvent; eventId: string } & OfDelivery)
  /** The owner of an address said, apart from any delivery and `at` that time, that it wants no messages or wants them again. */
  | { kind: 'consent'; address: string; optedOut: boolean; at?: Date };

/** What reading a callback may need. */
export interface ReceiptDeps {
  /** Refuses internal addresses at connect time. */
  dispatcher: Dispatcher;
  now(): number;
}

export interface ReceiptReader<Config> {
  /** Whether the signature matches and is not too old to be a replay; compared in constant time. */
  verify(request: ReceiptRequest, config: Config, deps: ReceiptDeps): boolean | Promise<boolean>;
  /** For services that ask for a confirmation before they send anything: confirms, and gives whether that is what came. */
  confirm?(request: ReceiptRequest, config: Config, deps: ReceiptDeps): Promise<boolean>;
  /** What the callback says; nothing for one without news (e.g. Twilio's `queued`) or without sense. */
  parse(request: ReceiptRequest): Receipt[] | Promise<Receipt[]>;
}

/** All that Herald knows of a provider; each stands in one file. */
export interface ProviderDefinition<C extends Channel, Config extends object = object> {
  /** `smtp`, `twilio`, …: stored with a tenant's configuration and used as a metric label. */
  type: string;
  channel: C;
  title: string;
  /** Describes and validates a tenant's configuration. */
  config: DtoClass<Config>;
  /** Fields of the configuration that are never shown again. */
  secrets: readonly string[];
  /** Fields that decide where or how secrets are sent: who changes one has to give the secrets again. */
  destination: readonly string[];
  /** Checks what spans fields; each entry names a field as JSON pointer. */
  check?(config: Config): { pointer: string; detail: string }[];
  /** Opens the provider. Loads the vendor's client only here, so that only workers pay for it. */
  open(config: Config, deps: ProviderDeps): Promise<Provider<C>>;
  receipts?: ReceiptReader<Config>;
  /** For a provider that carries only some messages of its channel; it is not asked for the others. */
  carries?(message: MessageOf[C], config: Config): boolean;
  /** For a provider whose messages can name a sender: from whom a message goes, to be limited by itself. */
  sender?(message: MessageOf[C], config: Config): string;
  /** For a provider that sends to many places of different owners: where a message goes, to be watched by itself. */
  target?(message: MessageOf[C]): string;
}
