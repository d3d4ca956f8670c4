import { type FieldError, Format, Optional } from '@herald/contracts';
import { type ProviderDefinition } from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import { IsBoolean, IsIn, Matches, MaxLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Agent } from 'undici';
import { CLOSED } from '../closed';
import { type Exchange, postOnce } from '../http/exchange';
import { networkFailure } from '../http/network-failure';
import { parseRetryAfter } from '../http/retry-after';
import { outcomeOf, type Verdict } from '../verdict';
import { emailSender } from './email-sender';
import { eventWebhookKey, parseEvents, verifyEventWebhook } from './sendgrid-events';
import { sendgridMail } from './sendgrid-mail';

export class SendgridConfig {
  @Matches(/^[\x21-\x7e]{16,255}$/, { message: 'must be 16 to 255 letters, digits and signs without spaces' })
  @JSONSchema({ description: 'An API key that may send mail.', examples: ['SG.0123456789abcdef'] })
  apiKey: string;

  @Format('mailbox')
  @MaxLength(400)
  @JSONSchema({
    description: 'The sender of messages that name none; SendGrid has to know the address or its domain.',
    examples: ['Shop <shop@example.com>'],
  })
  from: string;

  @Optional()
  @IsIn(['global', 'eu'])
  @JSONSchema({ default: 'global', description: 'eu: for the key of a subuser in the EU region.' })
  region?: 'global' | 'eu';

  @Optional()
  @MaxLength(255)
  @Format('base64')
  @JSONSchema({
    description:
      'The verification key of the signed event webhook, as SendGrid shows it. Without it no event is believed.',
  })
  webhookPublicKey?: string;

  @Optional()
  @IsBoolean()
  @JSONSchema({
    default: false,
    description: "SendGrid's sandbox mode: messages are checked and sent to nobody.",
  })
  sandboxMode?: boolean;

  @Optional()
  @Format('http-url')
  @JSONSchema({
    description:
      'Instead of https://api.sendgrid.com, such as a sandbox. Internal addresses have to be allowed as for webhooks.',
  })
  apiBaseUrl?: string;
}

const REGIONS = { global: 'https://api.sendgrid.com', eu: 'https://api.eu.sendgrid.com' };

const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited' };
const LATER: Verdict = { outcome: 'retry', reason: 'temporary_failure' };
const UNAVAILABLE: Verdict = { outcome: 'retry', reason: 'provider_unavailable' };
const BAD_ADDRESS: Verdict = { outcome: 'permanent-address', reason: 'invalid_address', suppress: 'bounce' };
const CONTENT: Verdict = { outcome: 'permanent-content', reason: 'content_rejected' };
const CONFIG: Verdict = { outcome: 'config-halt', reason: 'provider_misconfigured' };

/**
 * SendGrid has no codes of errors, only HTTP statuses. The key, the account or its credits (401, 402, 403), or not the
 * API at all (404, 405, 406, 415) stop every message; other refusals blame the one message.
 */
const STATUSES: Record<number, Verdict> = {
  401: CONFIG,
  402: CONFIG,
  403: CONFIG,
  404: CONFIG,
  405: CONFIG,
  406: CONFIG,
  408: LATER,
  415: CONFIG,
  429: SLOW_DOWN,
};

/** The field of the one recipient that our requests have. */
const RECIPIENT_FIELD = 'personalizations.0.to.0.email';

const MAX_BODY_BYTES = 64 * 1024;

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** RFC 2047 allows an encoded word 75 characters; 12 of them are its frame. */
const ENCODED_WORD_CHARS = 63;

/** E-mail through SendGrid's v3 API. */
export const sendgrid: ProviderDefinition<'email', SendgridConfig> = {
  type: 'sendgrid',
  channel: 'email',
  title: 'SendGrid',
  config: SendgridConfig,
  secrets: ['apiKey'],
  destination: ['region', 'apiBaseUrl'],
  check: checkConfig,

  async open(config, deps) {
    const { encodeWords } = await import('nodemailer/lib/mime-funcs');
    const own = new Agent({ connections: deps.maxConnections, connect: { timeout: deps.timeoutMs } });
    // A tenant who chooses where requests go must not reach into our network with them.
    const dispatcher = config.apiBaseUrl ? deps.guardedDispatcher : own;
    const url = sendUrl(config);
    const headers = {
      authorization: `Bearer ${config.apiKey}`,
      'content-type': 'application/json',
      accept: 'application/json',
    };
    const options = {
      from: config.from,
      sandboxMode: config.sandboxMode,
      encodeHeader: (value: string) =>
        PRINTABLE_ASCII.test(value) ? value : encodeWords(value, 'B', ENCODED_WORD_CHARS, true),
    };
    let closed = false;
    return {
      async send(message, context) {
        if (closed) return CLOSED;
        const exchange = await postOnce(dispatcher, {
          url,
          headers,
          body: JSON.stringify(sendgridMail(message, context, options)),
          timeoutMs: deps.timeoutMs,
          maxBodyBytes: MAX_BODY_BYTES,
          signal: context.signal,
        });
        return classify(exchange, config);
      },
      async close() {
        if (closed) return;
        closed = true;
        void own.close();
      },
    };
  },

  sender: emailSender,
  receipts: {
    verify: (request, { webhookPublicKey }, { now }) => verifyEventWebhook(request, webhookPublicKey, now()),
    parse: parseEvents,
  },
};

function checkConfig({ webhookPublicKey }: SendgridConfig): FieldError[] {
  if (webhookPublicKey === undefined || eventWebhookKey(webhookPublicKey)) return [];
  return [{ pointer: '/webhookPublicKey', detail: 'must be a P-256 public key: base64 of DER (SPKI)' }];
}

function sendUrl({ apiBaseUrl, region = 'global' }: SendgridConfig): URL {
  return new URL(`${(apiBaseUrl ?? REGIONS[region]).replace(/\/+$/, '')}/v3/mail/send`);
}

function classify(exchange: Exchange, config: SendgridConfig): SendOutcome {
  if (exchange.kind === 'failed') {
    const failure = networkFailure(exchange);
    // It is apiBaseUrl that leads to a forbidden address, and not the recipient's.
    return failure.outcome === 'permanent-address' ? outcomeOf(CONFIG, failure) : failure;
  }
  const { status, headers } = exchange;
  const code = `http_${status}`;
  // 200 is the answer of the sandbox mode: the message is good, and goes to nobody.
  if (status === 202 || (status === 200 && config.sandboxMode)) {
    const id = headers['x-message-id'];
    return { outcome: 'accepted', ...(typeof id === 'string' && id && { providerMessageId: id }) };
  }
  if (status >= 200 && status < 300) {
    const detail = 'The answer is not that of SendGrid.';
    return { outcome: 'ambiguous', reason: 'provider_unavailable', code, detail };
  }
  const errors = errorsOf(exchange.body);
  const detail = errors.map(({ message }) => message).join(' ') || undefined;
  if (status === 400 && errors.length > 0 && errors.every(({ field }) => field === RECIPIENT_FIELD)) {
    return outcomeOf(BAD_ADDRESS, { code: 'sendgrid_invalid_recipient', detail: detail?.slice(0, 512) });
  }
  const byStatus = STATUSES[status] ?? (status >= 500 ? UNAVAILABLE : status >= 400 ? CONTENT : CONFIG);
  return outcomeOf(byStatus, {
    code,
    detail: detail?.slice(0, 512),
    retryAfterMs:
      parseRetryAfter(headers['retry-after']) ?? (status === 429 ? untilReset(headers) : undefined),
  });
}

/** X-RateLimit-Reset, in milliseconds from now: when SendGrid counts anew, in seconds of the epoch. */
function untilReset(headers: Record<string, string | string[] | undefined>): number | undefined {
  const reset = headers['x-ratelimit-reset'];
  if (typeof reset !== 'string' || !/^\d{1,11}$/.test(reset)) return undefined;
  const wait = Number(reset) * 1000 - Date.now();
  return wait > 0 ? wait : undefined;
}

/** `{ errors: [{ message, field, … }] }`; nothing for another body. */
function errorsOf(body: string): { field?: unknown; message: string }[] {
  try {
    const { errors } = JSON.parse(body) as { errors?: unknown };
    if (!Array.isArray(errors)) return [];
    return (errors as ({ field?: unknown; message?: unknown } | null)[]).map((error) => {
      const { field, message } = error ?? {};
      return { field, message: typeof message === 'string' ? message : '' };
    });
  } catch {
    return [];
  }
}
