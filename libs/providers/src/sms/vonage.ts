import { Format, Optional } from '@herald/contracts';
import { type ProviderDefinition, type SendContext, type SmsMessage } from '@herald/delivery';
import { type SendOutcome, smsSize } from '@herald/domain';
import { IsIn, Matches, MaxLength, MinLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Agent } from 'undici';
import { CLOSED } from '../closed';
import { type Exchange, postOnce } from '../http/exchange';
import { networkFailure } from '../http/network-failure';
import { parseRetryAfter } from '../http/retry-after';
import { outcomeOf, type Verdict } from '../verdict';
import { callbackFields } from './callback-fields';
import { parseVonageCallback } from './vonage-callback';
import { SIGNATURE_METHODS, type SignatureMethod, verifyVonageSignature } from './vonage-signature';

export class VonageConfig {
  @Matches(/^[0-9A-Za-z]{4,64}$/, { message: 'must be letters and digits' })
  @JSONSchema({ examples: ['abcd1234'] })
  apiKey: string;

  @Format('single-line')
  @MinLength(8)
  @MaxLength(128)
  apiSecret: string;

  @Matches(/^(\+?[1-9]\d{2,14}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/, {
    message: 'must be a phone number, a short code or an alphanumeric sender of at most 11 characters',
  })
  @JSONSchema({
    description: 'Number, short code or alphanumeric sender.',
    examples: ['+447700900000', 'My Shop'],
  })
  from: string;

  @Optional()
  @Format('single-line')
  @MinLength(8)
  @MaxLength(128)
  @JSONSchema({
    description:
      'What Vonage signs its webhooks with. Without it no receipt and no inbound message is taken. Signing has to be ' +
      'switched on for the account, and its webhooks have to be POST or POST-JSON: GET is not taken.',
  })
  signatureSecret?: string;

  @Optional()
  @IsIn(SIGNATURE_METHODS)
  @JSONSchema({
    default: 'sha256',
    description: "As in the account's settings: md5hash is an MD5 hash, the others are HMACs.",
  })
  signatureMethod?: SignatureMethod;

  @Optional()
  @Format('http-url')
  @JSONSchema({
    description:
      'Instead of https://rest.nexmo.com, such as a sandbox. Internal addresses have to be allowed as for webhooks.',
  })
  apiBaseUrl?: string;
}

const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited' };
const LATER: Verdict = { outcome: 'retry', reason: 'temporary_failure' };
const UNAVAILABLE: Verdict = { outcome: 'retry', reason: 'provider_unavailable' };
const NOT_REACHED: Verdict = { outcome: 'permanent-address', reason: 'invalid_address' };
const BAD_NUMBER: Verdict = { ...NOT_REACHED, suppress: 'bounce' };
const CONTENT: Verdict = { outcome: 'permanent-content', reason: 'content_rejected' };
const CONFIG: Verdict = { outcome: 'config-halt', reason: 'provider_misconfigured' };
const CONFIG_OF_MESSAGE: Verdict = { ...CONFIG, ofMessage: true };

const ACCEPTED = '0';

/**
 * The status of a part, other than 0 (https://developer.vonage.com/en/api-errors/sms; 13, 16, 19, 20 and 34 stand in
 * older editions of it). What is not here blames the message.
 */
const STATUSES = new Map<string, Verdict>([
  // too fast; too many connections
  ...['1', '10'].map((status) => [status, SLOW_DOWN] as const),
  // an error of the platform; it could not hand the message on
  ...['5', '13'].map((status) => [status, UNAVAILABLE] as const),
  // credentials, suspended, no credit, no HTTP, signature, facility, callback URL, signed and secret
  ...['4', '8', '9', '11', '14', '19', '23', '32'].map((status) => [status, CONFIG] as const),
  // the recipient's: a country that does not take this sender, or a number not listed in demo mode
  ...['15', '29'].map((status) => [status, CONFIG_OF_MESSAGE] as const),
  // a parameter missing or wrong, too long, ttl, class, network code: what we sent is wrong
  ...['2', '3', '12', '16', '20', '22'].map((status) => [status, CONTENT] as const),
  // A prefix that Vonage does not know, or a number on its own list: another provider may reach it.
  ...['6', '7'].map((status) => [status, NOT_REACHED] as const),
  // no longer in use; not a number
  ...['33', '34'].map((status) => [status, BAD_NUMBER] as const),
]);

/** For answers without a status in their body. Other refusals of a request blame the message. */
const HTTP_STATUSES: Record<number, Verdict> = {
  401: CONFIG,
  403: CONFIG,
  404: CONFIG,
  408: LATER,
  429: SLOW_DOWN,
};

const MAX_BODY_BYTES = 256 * 1024;

/** SMS through Vonage's SMS API (formerly Nexmo). */
export const vonage: ProviderDefinition<'sms', VonageConfig> = {
  type: 'vonage',
  channel: 'sms',
  title: 'Vonage',
  config: VonageConfig,
  secrets: ['apiSecret', 'signatureSecret'],
  destination: ['apiBaseUrl'],

  async open(config, deps) {
    const own = new Agent({ connections: deps.maxConnections, connect: { timeout: deps.timeoutMs } });
    // A tenant who chooses where requests go must not reach into our network with them.
    const dispatcher = config.apiBaseUrl ? deps.guardedDispatcher : own;
    const base = config.apiBaseUrl?.replace(/\/+$/, '') ?? 'https://rest.nexmo.com';
    let closed = false;
    return {
      async send(message, context) {
        if (closed) return CLOSED;
        const exchange = await postOnce(dispatcher, {
          url: new URL(`${base}/sms/json`),
          headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
          body: formOf(message, context, config).toString(),
          timeoutMs: deps.timeoutMs,
          maxBodyBytes: MAX_BODY_BYTES,
          signal: context.signal,
        });
        const { segments, encoding } = smsSize(message.body);
        const outcome = classify(exchange);
        return { ...outcome, facts: { segments, encoding, ...outcome.facts } };
      },
      async close() {
        if (closed) return;
        closed = true;
        void own.close();
      },
    };
  },

  receipts: {
    verify: (request, { signatureSecret: secret, signatureMethod: method = 'sha256' }, { now }) =>
      secret !== undefined && verifyVonageSignature(callbackFields(request), { secret, method }, now()),
    parse: (request) => parseVonageCallback(callbackFields(request)),
  },
};

/** Numbers go without their plus. Without `type=unicode` Vonage puts `?` for what GSM 03.38 does not have. */
function formOf(message: SmsMessage, context: SendContext, config: VonageConfig): URLSearchParams {
  return new URLSearchParams({
    api_key: config.apiKey,
    api_secret: config.apiSecret,
    from: config.from.replace(/^\+/, ''),
    to: message.to.replace(/^\+/, ''),
    text: message.body,
    type: smsSize(message.body).encoding === 'UCS-2' ? 'unicode' : 'text',
    'client-ref': context.deliveryId,
    ...(context.receiptUrl && { callback: context.receiptUrl }),
  });
}

/** One of the SMS that a message is cut into. */
interface Part {
  status: string;
  id?: string;
  error?: string;
}

function classify(exchange: Exchange): SendOutcome {
  if (exchange.kind === 'failed') {
    const failure = networkFailure(exchange);
    // It is apiBaseUrl that leads to a forbidden address, and not the recipient's number.
    return failure.outcome === 'permanent-address' ? outcomeOf(CONFIG, failure) : failure;
  }
  const { status, headers, body } = exchange;
  const parts = partsOf(body);
  const taken = parts.filter((part) => part.status === ACCEPTED).length;
  const refusal = weightiest(parts);
  if (status >= 200 && status < 300) {
    if (parts.length === 0) {
      const detail = 'Vonage answered, but not with a message.';
      return { outcome: 'ambiguous', reason: 'provider_unavailable', code: `http_${status}`, detail };
    }
    if (!refusal) return { outcome: 'accepted', providerMessageId: parts[0]?.id, facts: { parts: taken } };
    if (taken > 0) return takenInPart(refusal, taken, parts.length);
  }
  const { verdict, ...details } = refusal ?? { verdict: byHttpStatus(status), code: `http_${status}` };
  return outcomeOf(verdict, { ...details, retryAfterMs: parseRetryAfter(headers['retry-after']) });
}

/**
 * Some parts are on their way and cannot be called back. To send the whole again doubles them, not to may leave the
 * recipient with a torn message: the delivery's policy decides, as for everything that nobody can know.
 */
function takenInPart({ verdict, code }: Refusal, taken: number, parts: number): SendOutcome {
  const detail = `Vonage took ${taken} of ${parts} parts.`;
  const facts = { parts, partsAccepted: taken };
  return { outcome: 'ambiguous', reason: verdict.reason, code, detail, facts };
}

interface Refusal {
  verdict: Verdict;
  code: string;
  detail?: string;
}

/** Of the parts that were refused one that no retry will help, else the first. */
function weightiest(parts: Part[]): Refusal | undefined {
  const refusals = parts
    .filter(({ status }) => status !== ACCEPTED)
    .map(({ status, error }) => ({
      verdict: STATUSES.get(status) ?? CONTENT,
      code: `vonage_${status}`,
      detail: error?.slice(0, 512),
    }));
  return refusals.find(({ verdict }) => verdict.outcome !== 'retry') ?? refusals[0];
}

const byHttpStatus = (status: number): Verdict =>
  HTTP_STATUSES[status] ?? (status >= 500 ? UNAVAILABLE : status >= 400 ? CONTENT : CONFIG);

/** The parts that an answer tells of; none when it is not an answer of this API. */
function partsOf(body: string): Part[] {
  try {
    const { messages } = JSON.parse(body) as { messages?: unknown };
    const parts = Array.isArray(messages) ? messages.map(partOf) : [];
    return parts.every((part) => /^\d{1,4}$/.test(part.status)) ? parts : [];
  } catch {
    return [];
  }
}

function partOf(message: Record<string, unknown> | null): Part {
  const { 'message-id': id, 'error-text': error, status } = message ?? {};
  return {
    status: String(status),
    ...(typeof id === 'string' && { id }),
    ...(typeof error === 'string' && { error }),
  };
}
