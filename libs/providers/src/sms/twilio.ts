import { type FieldError, Format, Optional, type ReceiptState } from '@herald/contracts';
import {
  type ProviderDefinition,
  type Receipt,
  type ReceiptRequest,
  type SendContext,
  type SmsMessage,
} from '@herald/delivery';
import { type SendOutcome, smsSize } from '@herald/domain';
import { Matches, MaxLength, MinLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import type { RequestClient } from 'twilio';
import { Agent, type Dispatcher } from 'undici';
import { CLOSED } from '../closed';
import { type Exchange, postOnce } from '../http/exchange';
import { networkFailure } from '../http/network-failure';
import { parseRetryAfter } from '../http/retry-after';
import { outcomeOf, type Verdict } from '../verdict';
import { callbackFields } from './callback-fields';
import { consentOf } from './opt-out-keywords';
import { type ReceiptFailure } from './receipt-failure';
import { verifyTwilioSignature } from './twilio-signature';

export class TwilioConfig {
  @Matches(/^AC[0-9a-fA-F]{32}$/, { message: 'must be "AC" and 32 hexadecimal digits' })
  @JSONSchema({ examples: ['AC0123456789abcdef0123456789abcdef'] })
  accountSid: string;

  @Format('single-line')
  @MinLength(16)
  @MaxLength(128)
  @JSONSchema({ description: 'Also the key that status callbacks are signed with.' })
  authToken: string;

  @Optional()
  @Matches(/^(\+[1-9]\d{1,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/, {
    message:
      'must be a phone number in E.164 form, a short code or an alphanumeric sender of at most 11 characters',
  })
  @JSONSchema({
    description: 'Number, short code or alphanumeric sender; this or a messagingServiceSid is needed.',
    examples: ['+15005550006', 'My Shop'],
  })
  from?: string;

  @Optional()
  @Matches(/^MG[0-9a-fA-F]{32}$/, { message: 'must be "MG" and 32 hexadecimal digits' })
  messagingServiceSid?: string;

  @Optional()
  @Format('http-url')
  @JSONSchema({
    description:
      'Instead of https://api.twilio.com, such as a sandbox. Internal addresses have to be allowed as for webhooks.',
  })
  apiBaseUrl?: string;
}

const MINUTE = 60_000;
const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited' };
const LATER: Verdict = { outcome: 'retry', reason: 'temporary_failure' };
const UNAVAILABLE: Verdict = { outcome: 'retry', reason: 'provider_unavailable' };
const BAD_NUMBER: Verdict = { outcome: 'permanent-address', reason: 'invalid_address', suppress: 'bounce' };
const CONTENT: Verdict = { outcome: 'permanent-content', reason: 'content_rejected' };
const CONFIG: Verdict = { outcome: 'config-halt', reason: 'provider_misconfigured' };
const CONFIG_OF_MESSAGE: Verdict = { ...CONFIG, ofMessage: true };

const SLOW_DOWN_MUCH: Verdict = { ...SLOW_DOWN, retryAfterMs: 60 * MINUTE };
const OPTED_OUT: Verdict = { outcome: 'permanent-address', reason: 'opted_out', suppress: 'opt_out' };

/** Twilio's error codes on sending (https://www.twilio.com/docs/api/errors). What is not here goes by its HTTP status. */
const ERRORS = new Map<number, Verdict>([
  // account, credentials, permissions
  ...[20003, 20005, 20006, 20008, 20404, 30002].map((code) => [code, CONFIG] as const),
  // sender, messaging service, callback URL, price limit, 10DLC registration
  ...[21212, 21267, 21603, 21606, 21609].map((code) => [code, CONFIG] as const),
  ...[21659, 21660, 21661, 21703, 21705, 30010, 30034].map((code) => [code, CONFIG] as const),
  // the recipient's: is the sender, a region without permission, not verified for a trial, not reached from this sender
  ...[21266, 21408, 21608, 21612].map((code) => [code, CONFIG_OF_MESSAGE] as const),
  // numbers that do not exist or cannot receive: invalid, short code, premium, not mobile, landline, unknown
  ...[21211, 21265, 21268, 21614, 21635, 30005, 30006].map((code) => [code, BAD_NUMBER] as const),
  [21610, OPTED_OUT],
  // empty, too long, blocked, filtered
  ...[21602, 21605, 21617, 30004, 30007].map((code) => [code, CONTENT] as const),
  // too fast; the sender's queue is full; the carrier's limit for the day
  ...[14107, 20429, 30022].map((code) => [code, SLOW_DOWN] as const),
  [21611, { ...SLOW_DOWN, retryAfterMs: MINUTE }],
  ...[30023, 30027].map((code) => [code, SLOW_DOWN_MUCH] as const),
  [20500, UNAVAILABLE],
  [20503, UNAVAILABLE],
  // queue overflow; the handset is off or out of reach; unknown
  [30001, { ...LATER, retryAfterMs: MINUTE }],
  [30003, { ...LATER, retryAfterMs: 30 * MINUTE }],
  [30008, LATER],
]);

/** Without a known error code: 401, 403 and 404 blame the account; other refusals of a request blame the message. */
const STATUSES: Record<number, Verdict> = {
  401: CONFIG,
  403: CONFIG,
  404: CONFIG,
  408: LATER,
  429: SLOW_DOWN,
};

/** Why a message that Twilio had taken did not arrive; other codes say nothing that we have a word for. */
const RECEIPT_FAILURES: Record<number, ReceiptFailure> = {
  21610: { reason: 'opted_out', suppress: 'opt_out' },
  30001: { reason: 'rate_limited' },
  30002: { reason: 'provider_misconfigured' },
  30003: { reason: 'unreachable' },
  30004: { reason: 'carrier_rejected' },
  // unknown or out of service; a landline or a carrier that cannot be reached
  30005: { reason: 'unreachable', suppress: 'bounce' },
  30006: { reason: 'unreachable', suppress: 'bounce' },
  30007: { reason: 'carrier_rejected' },
  30022: { reason: 'rate_limited' },
  30023: { reason: 'rate_limited' },
  30027: { reason: 'rate_limited' },
  30034: { reason: 'carrier_rejected' },
};

const UNKNOWN_FAILURE: ReceiptFailure = { reason: 'undelivered_unknown' };

/** accepted, scheduled, queued and sending tell nothing that is not known when Twilio has answered. */
const RECEIPT_STATES = new Map<string, ReceiptState>([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'delivered'],
  ['undelivered', 'undelivered'],
  ['failed', 'undelivered'],
  ['canceled', 'undelivered'],
]);

const MAX_BODY_BYTES = 64 * 1024;

/** SMS through Twilio's Messages API. */
export const twilio: ProviderDefinition<'sms', TwilioConfig> = {
  type: 'twilio',
  channel: 'sms',
  title: 'Twilio',
  config: TwilioConfig,
  secrets: ['authToken'],
  destination: ['apiBaseUrl'],
  check: checkConfig,

  async open(config, deps) {
    const { Twilio } = (await import('twilio')).default;
    const own = new Agent({ connections: deps.maxConnections, connect: { timeout: deps.timeoutMs } });
    // A tenant who chooses where requests go must not reach into our network with them.
    const dispatcher = config.apiBaseUrl ? deps.guardedDispatcher : own;
    let closed = false;
    return {
      async send(message, context) {
        if (closed) return CLOSED;
        // The client has no place for a signal and loses the answer's headers: its transport is made per call instead.
        let exchange: Exchange | undefined;
        const httpClient = transport(config, dispatcher, deps.timeoutMs, context, (seen) => {
          exchange = seen;
        });
        const client = new Twilio(config.accountSid, config.authToken, { httpClient });
        try {
          const { sid, numSegments } = await client.messages.create(paramsOf(message, context, config));
          return { outcome: 'accepted', providerMessageId: sid, facts: factsOf(message, numSegments) };
        } catch (error) {
          if (!exchange) throw error;
          return { ...classify(exchange, error), facts: factsOf(message) };
        }
      },
      async close() {
        if (closed) return;
        closed = true;
        void own.close();
      },
    };
  },

  receipts: {
    verify: (request, { authToken }) => verifyTwilioSignature(request, authToken),
    parse: parseCallback,
  },
};

function checkConfig(config: TwilioConfig): FieldError[] {
  if (config.from || config.messagingServiceSid) return [];
  return [{ pointer: '/from', detail: 'is required without a messagingServiceSid' }];
}

function paramsOf(message: SmsMessage, context: SendContext, config: TwilioConfig) {
  return {
    to: message.to,
    body: message.body,
    ...(config.messagingServiceSid && { messagingServiceSid: config.messagingServiceSid }),
    ...(config.from && { from: config.from }),
    ...(context.receiptUrl && { statusCallback: context.receiptUrl }),
  };
}

/** What it takes by our count, and by Twilio's where that differs (a Messaging Service counts later and says 0). */
function factsOf(message: SmsMessage, numSegments?: string) {
  const { segments, encoding } = smsSize(message.body);
  const theirs = Number(numSegments ?? 0);
  return { segments, encoding, ...(theirs > 0 && theirs !== segments && { providerSegments: theirs }) };
}

/**
 * The client's HTTP transport, as its documentation lets one replace it: one POST over our pool. It tells apart what
 * was sent from what was not, takes the signal, and goes to `apiBaseUrl`.
 */
function transport(
  config: TwilioConfig,
  dispatcher: Dispatcher,
  timeoutMs: number,
  context: SendContext,
  onExchange: (exchange: Exchange) => void,
): RequestClient {
  const request = async (options: Parameters<RequestClient['request']>[0]) => {
    const url = new URL(options.uri);
    const base = config.apiBaseUrl?.replace(/\/+$/, '') ?? url.origin;
    const basic = Buffer.from(`${options.username}:${options.password}`).toString('base64');
    const exchange = await postOnce(dispatcher, {
      url: new URL(base + url.pathname + url.search),
      headers: { ...(options.headers as Record<string, string>), authorization: `Basic ${basic}` },
      body: new URLSearchParams(options.data as Record<string, string>).toString(),
      timeoutMs,
      maxBodyBytes: MAX_BODY_BYTES,
      signal: context.signal,
    });
    onExchange(exchange);
    if (exchange.kind === 'failed') throw new Error(exchange.code);
    return { statusCode: exchange.status, body: exchange.body, headers: exchange.headers };
  };
  // Only `request` is called; the class also declares what its own axios transport needs.
  return { request } as unknown as RequestClient;
}

function classify(exchange: Exchange, error: unknown): SendOutcome {
  if (exchange.kind === 'failed') {
    const failure = networkFailure(exchange);
    // It is apiBaseUrl that leads to a forbidden address, and not the recipient's number.
    return failure.outcome === 'permanent-address' ? outcomeOf(CONFIG, failure) : failure;
  }
  const { status } = exchange;
  if (status >= 200 && status < 300) {
    const detail = 'Twilio answered, but not with a message.';
    return { outcome: 'ambiguous', reason: 'provider_unavailable', code: `http_${status}`, detail };
  }
  const { code, message } = error as { code?: unknown; message?: unknown };
  const number = typeof code === 'number' && code > 0 ? code : undefined;
  const byStatus = STATUSES[status] ?? (status >= 500 ? UNAVAILABLE : status >= 400 ? CONTENT : CONFIG);
  return outcomeOf((number && ERRORS.get(number)) || byStatus, {
    code: number ? `twilio_${number}` : `http_${status}`,
    detail: typeof message === 'string' ? message.slice(0, 512) : undefined,
    retryAfterMs: parseRetryAfter(exchange.headers['retry-after']),
  });
}

function parseCallback(request: ReceiptRequest): Receipt[] {
  const fields = callbackFields(request);
  return fields.has('MessageStatus') ? statusReceipt(fields) : inbound(fields);
}

function statusReceipt(fields: ReadonlyMap<string, string>): Receipt[] {
  const state = RECEIPT_STATES.get(fields.get('MessageStatus') ?? '');
  if (!state) return [];
  const providerMessageId = fields.get('MessageSid');
  if (state !== 'undelivered') return [{ kind: 'state', state, providerMessageId }];
  const code = fields.get('ErrorCode');
  return [
    {
      kind: 'state',
      state,
      ...(RECEIPT_FAILURES[Number(code)] ?? UNKNOWN_FAILURE),
      ...(code && /^\d{1,6}$/.test(code) && { code: `twilio_${code}` }),
      providerMessageId,
    },
  ];
}

/** With Advanced Opt-Out the account's own words count, and `OptOutType` (STOP, START, HELP) says what one of them meant. */
function inbound(fields: ReadonlyMap<string, string>): Receipt[] {
  return consentOf(fields.get('From'), fields.get('OptOutType') || fields.get('Body'));
}
