import { type Channel, type DtoClass, type Reason, type ReceiptState } from '@herald/contracts';
import { type SendOutcome } from '@herald/domain';
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

/** What one callback says of one delivery. */
export interface Receipt {
  state: ReceiptState;
  reason?: Reason;
  code?: string;
  providerMessageId?: string;
}

export interface ReceiptReader<Config> {
  /** Whether the signature matches; compared in constant time. */
  verify(request: ReceiptRequest, config: Config): boolean;
  /** What the callback says; undefined for one that says nothing new (e.g. Twilio's `queued`). */
  parse(request: ReceiptRequest): Receipt | undefined;
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
  /** Checks what spans fields; each entry names a field as JSON pointer. */
  check?(config: Config): { pointer: string; detail: string }[];
  /** Opens the provider. Loads the vendor's client only here, so that only workers pay for it. */
  open(config: Config, deps: ProviderDeps): Promise<Provider<C>>;
  receipts?: ReceiptReader<Config>;
}
