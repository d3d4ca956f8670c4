import { createHash } from 'node:crypto';
import { type FieldError, Format } from '@herald/contracts';
import { type ProviderDefinition } from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CLOSED } from '../closed';
import { type Exchange, postOnce } from '../http/exchange';
import { encryptPush } from './encrypt-push';
import { mayBeOtherKey, pushOutcome } from './push-verdict';
import { recentMap } from './recent-map';
import { vapidHeaders } from './vapid-headers';
import { isKeyPair, VapidKeyConfig } from './vapid-key';

/** Each can cost a request more for a subscription that was made with none of them. */
const MAX_KEYS = 10;

export class WebPushConfig {
  @Format('vapid-subject')
  subject: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_KEYS)
  @ArrayUnique((key: VapidKeyConfig) => key?.id)
  @ValidateNested({ each: true })
  @Type(() => VapidKeyConfig)
  @JSONSchema({
    type: 'array',
    items: { $ref: '#/components/schemas/VapidKeyConfig' },
    description: 'Newest first. Browsers subscribed with an older one go on being reached while it is here.',
  })
  keys: VapidKeyConfig[];
}

/** What the API's check of URLs lets pass and the WHATWG's parser does not, such as a host of five numbers. */
const BAD_URL: SendOutcome = { outcome: 'permanent-address', reason: 'invalid_address', code: 'invalid_url' };

/** Read of an answer's body, for the reason in it; nothing else of it is kept. */
const MAX_BODY_BYTES = 16 * 1024;

/** Subscriptions remembered as made with another key than the newest. */
const MAX_REMEMBERED = 10_000;

/** Web push (RFC 8030, 8291, 8292): to whichever push service the browser chose, signed with the tenant's VAPID keys. */
export const webPush: ProviderDefinition<'webpush', WebPushConfig> = {
  type: 'web-push',
  channel: 'webpush',
  title: 'Web Push',
  config: WebPushConfig,
  secrets: ['keys'],
  destination: [],
  check: checkConfig,
  target: ({ endpoint }) => (URL.canParse(endpoint) ? new URL(endpoint).origin : endpoint),

  async open({ subject, keys }, deps) {
    const library = (await import('web-push')).default;
    const authorization = vapidHeaders(library, subject);
    const choice = keyChoice(keys);
    let closed = false;
    return {
      async send(message, context) {
        if (closed) return CLOSED;
        if (!URL.canParse(message.endpoint)) return BAD_URL;
        const encrypted = encryptPush(library, message);
        if (!encrypted.ok) return encrypted.outcome;
        const { headers, body } = encrypted;
        const url = new URL(message.endpoint);
        const exchange = await choice.tryEach(message.endpoint, (key) =>
          postOnce(deps.guardedDispatcher, {
            url,
            headers: { ...headers, 'user-agent': 'Herald/1', authorization: authorization(url.origin, key) },
            body,
            timeoutMs: deps.timeoutMs,
            maxBodyBytes: MAX_BODY_BYTES,
            signal: context.signal,
          }),
        );
        return pushOutcome(exchange);
      },
      async close() {
        closed = true;
      },
    };
  },
};

function checkConfig({ keys }: WebPushConfig): FieldError[] {
  return keys.flatMap((key, index) =>
    isKeyPair(key)
      ? []
      : [{ pointer: `/keys/${index}/privateKey`, detail: 'must be the private key of publicKey' }],
  );
}

/**
 * A subscription is bound to the key that it was made with, and does not say which: the newest one is tried, then the
 * others until one fits, which is remembered.
 */
function keyChoice(keys: readonly VapidKeyConfig[]) {
  const fitting = recentMap<VapidKeyConfig>(MAX_REMEMBERED);
  return {
    /** Posts with each key until one is not refused. When all are, the answer that blames something else counts. */
    async tryEach(endpoint: string, post: (key: VapidKeyConfig) => Promise<Exchange>): Promise<Exchange> {
      const name = createHash('sha256').update(endpoint).digest('base64');
      const [first, ...others] = inOrder(keys, fitting.get(name));
      let told = await post(first as VapidKeyConfig);
      if (!mayBeOtherKey(told)) return told;
      for (const key of others) {
        const exchange = await post(key);
        if (!mayBeOtherKey(exchange)) {
          fitting.set(name, key);
          return exchange;
        }
        if (pushOutcome(told).outcome === 'permanent-address') told = exchange;
      }
      return told;
    },
  };
}

function inOrder(keys: readonly VapidKeyConfig[], first: VapidKeyConfig | undefined) {
  return first ? [first, ...keys.filter((key) => key !== first)] : keys;
}
