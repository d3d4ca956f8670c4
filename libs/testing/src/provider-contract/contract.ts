import { type Channel, type FieldError } from '@herald/contracts';
import {
  type MessageOf,
  type ProviderDefinition,
  type Receipt,
  type ReceiptRequest,
  type SendContext,
} from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';

/**
 * Ways in which the other side fails without an answer, once it has the whole message: it stays silent, closes the
 * connection, or says something that is not of the protocol.
 */
export const FAULTS = ['silent', 'dropped', 'garbage'] as const;
export type Fault = (typeof FAULTS)[number];

/** A real server, speaking the provider's protocol, that does as it is told. */
export interface OtherSide<C extends Channel, Config, Reply> {
  /** What makes the provider talk to this server. */
  config: Config;
  /** A message that it can take, different from the ones before. */
  message(): MessageOf[C];
  /** Messages taken so far. */
  taken(): number;
  /** Fails unless the last message taken is this one. */
  expectTaken(message: MessageOf[C], context: SendContext): void | Promise<void>;
  /** Answers every message like this from now on. */
  reply(reply: Reply): void;
  /** Fails every message like this from now on. */
  fail(fault: Fault): void;
  /** Answers every message with these bytes and closes the connection. */
  babble(bytes: Buffer): void;
  /** Connections that are open now. */
  connections(): number;
  close(): Promise<void>;
}

/** The part of an outcome that decides; the words for a person are the provider's own. */
export interface ExpectedOutcome {
  outcome: SendOutcome['outcome'];
  reason?: string;
  code?: string | RegExp;
  suppress?: string;
  ofMessage?: boolean;
  /** A range, for waits until a date. */
  retryAfterMs?: number | { from: number; to: number };
}

/** What the suite needs to know of a provider. */
export interface ProviderContract<
  C extends Channel,
  Config extends object,
  Reply,
  Body = Record<string, string>,
> {
  definition: ProviderDefinition<C, Config>;
  /** Missing for a provider that nobody configures. */
  configs?: {
    /** Every problem of a configuration, as the API shows it; empty for a good one. */
    validate(input: unknown): FieldError[];
    good: Record<string, object>;
    /** Each with the field that has to be named. */
    bad: { name: string; config: unknown; pointer: string }[];
  };
  /** Missing for a provider that talks to nobody. */
  remote?: {
    start(): Promise<OtherSide<C, Config, Reply>>;
    /** A configuration and a message whose server refuses connections. */
    refused(): Promise<{ config: Config; message: MessageOf[C] }>;
    /** What it says to an accepted message. */
    accepted: Reply;
    /** The rows of its table of errors, and what belongs beside them. */
    errors: { name: string; reply: Reply; expected: ExpectedOutcome }[];
    faults: Record<Fault, ExpectedOutcome>;
  };
  receipts?: {
    config: Config;
    /** Signs a request as the vendor does, for `config`. */
    signed(body: Body): ReceiptRequest;
    /** Bodies and what they say. */
    examples: { name: string; body: Body; receipts: Receipt[] }[];
    /** The same request with its signature changed; undefined leaves it out. Where it stands is the provider's affair. */
    withSignature(request: ReceiptRequest, change: (signature: string) => string | undefined): ReceiptRequest;
    /** Whether the URL is part of what is signed. */
    signsUrl: boolean;
    /** The same configuration with another secret. */
    otherSecret: Config;
  };
}
