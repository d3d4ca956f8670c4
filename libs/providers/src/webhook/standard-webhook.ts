import { createHmac } from 'node:crypto';
import { type FieldError } from '@herald/contracts';
import { type ProviderDefinition, type SendContext, type WebhookMessage } from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, Matches } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CLOSED } from '../closed';
import { type Exchange, postOnce } from '../http/exchange';
import { networkFailure } from '../http/network-failure';
import { parseRetryAfter } from '../http/retry-after';
import { outcomeOf, type Verdict } from '../verdict';

const SECRET_BYTES = { min: 24, max: 64 };
const SECRET_WANTS = `must be "whsec_" and the base64 of ${SECRET_BYTES.min} to ${SECRET_BYTES.max} bytes`;

export class StandardWebhookConfig {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  @ArrayUnique()
  @Matches(/^whsec_[A-Za-z0-9+/]+={0,2}$/, { each: true, message: SECRET_WANTS })
  @JSONSchema({
    description:
      'Newest first. During a rotation the old one stays as the second, and requests carry both signatures.',
  })
  secrets: string[];
}

/** Answers that do not mean what their class means; see `verdictOn`. */
const STATUSES: Record<number, Verdict> = {
  408: { outcome: 'retry', reason: 'temporary_failure' },
  410: { outcome: 'permanent-address', reason: 'endpoint_gone', suppress: 'endpoint_gone' },
  425: { outcome: 'retry', reason: 'temporary_failure' },
  429: { outcome: 'retry', reason: 'rate_limited' },
};

/** What the API's check of URLs lets pass and the WHATWG's parser does not, such as a host of five numbers. */
const BAD_URL: SendOutcome = { outcome: 'permanent-address', reason: 'invalid_address', code: 'invalid_url' };

/**
 * Read of an answer's body, so that the connection can be used again. Nothing of it is kept: it may hold anything,
 * personal data included.
 */
const MAX_BODY_BYTES = 64 * 1024;

/** Webhooks as standardwebhooks.com describes them: signed, never redirected, `webhook-id` the same over retries. */
export const standardWebhook: ProviderDefinition<'webhook', StandardWebhookConfig> = {
  type: 'standard-webhook',
  channel: 'webhook',
  title: 'Standard Webhooks',
  config: StandardWebhookConfig,
  secrets: ['secrets'],
  destination: [],
  check: checkConfig,
  target: ({ url }) => (URL.canParse(url) ? new URL(url).origin : url),

  async open(config, deps) {
    const keys = config.secrets.map(keyOf);
    let closed = false;
    return {
      async send(message, context) {
        if (closed) return CLOSED;
        if (!URL.canParse(message.url)) return BAD_URL;
        const exchange = await postOnce(deps.guardedDispatcher, {
          url: new URL(message.url),
          headers: headersOf(message, context, keys),
          body: message.body,
          timeoutMs: deps.timeoutMs,
          maxBodyBytes: MAX_BODY_BYTES,
          signal: context.signal,
        });
        return classify(exchange);
      },
      async close() {
        closed = true;
      },
    };
  },
};

function checkConfig(config: StandardWebhookConfig): FieldError[] {
  return config.secrets.flatMap((secret, index) => {
    const { length } = keyOf(secret);
    const good = length >= SECRET_BYTES.min && length <= SECRET_BYTES.max;
    return good ? [] : [{ pointer: `/secrets/${index}`, detail: SECRET_WANTS }];
  });
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice('whsec_'.length), 'base64');
}

function headersOf(message: WebhookMessage, context: SendContext, keys: Buffer[]): Record<string, string> {
  const id = context.deliveryId;
  const timestamp = Math.floor(Date.now() / 1000);
  const signed = `${id}.${timestamp}.${message.body}`;
  return {
    'content-type': 'application/json',
    'user-agent': 'Herald/1',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': keys
      .map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
      .join(' '),
    ...(context.traceparent !== undefined && { traceparent: context.traceparent }),
  };
}

function classify(exchange: Exchange): SendOutcome {
  if (exchange.kind === 'failed') return networkFailure(exchange);
  const { status, headers } = exchange;
  const code = `http_${status}`;
  if (status >= 200 && status < 300) return { outcome: 'accepted', code };
  return outcomeOf(verdictOn(status), { code, retryAfterMs: parseRetryAfter(headers['retry-after']) });
}

/**
 * Only 2xx is success, and every other answer may be a deployment in progress: it is tried again until the policy's
 * budget is spent. Except for 410, with which an endpoint says that it wants no more; and for a redirect, which is
 * never followed (it would carry the signed body to where nobody asked for it): its owner has to give the new URL, so
 * the delivery becomes a dead letter at once, to be replayed then.
 */
function verdictOn(status: number): Verdict {
  if (STATUSES[status]) return STATUSES[status];
  if (status >= 500) return { outcome: 'retry', reason: 'provider_unavailable' };
  if (status >= 400) return { outcome: 'retry', reason: 'temporary_failure' };
  return { outcome: 'permanent-content', reason: 'invalid_address' };
}
