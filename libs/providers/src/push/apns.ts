import { connect, type Socket } from 'node:net';
import { type FieldError, Format, LIMITS, Optional } from '@herald/contracts';
import { type ProviderDefinition, type ProviderDeps } from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import { openGuardedSocket } from '@herald/platform';
import { IsIn, Matches, MaxLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CLOSED } from '../closed';
import { type Exchange } from '../http/exchange';
import { apnsOutcome, isTokenExpired } from './apns-errors';
import { apnsNotification } from './apns-payload';
import { ApnsPool, POOL_CLOSED } from './apns-pool';
import { isApnsKey, ProviderTokens } from './apns-token';

const ENVIRONMENTS = ['production', 'sandbox'] as const;
type Environment = (typeof ENVIRONMENTS)[number];

export class ApnsConfig {
  @Matches(/^[A-Z0-9]{10}$/, { message: 'must be the 10 letters and digits of the key' })
  @JSONSchema({ description: 'The id of the signing key.', examples: ['2X9R4HXF34'] })
  keyId: string;

  @Matches(/^[A-Z0-9]{10}$/, { message: 'must be the 10 letters and digits of the team' })
  @JSONSchema({
    description: 'The id of the team that the app and the key belong to.',
    examples: ['8YL3GNV826'],
  })
  teamId: string;

  @Format('text')
  @MaxLength(4096)
  @JSONSchema({
    description: "The text of the key's .p8 file: a P-256 key in PEM form.",
    examples: ['-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n'],
  })
  privateKey: string;

  @Matches(/^[A-Za-z0-9][A-Za-z0-9.-]{0,154}$/, { message: "must be the app's bundle id" })
  @JSONSchema({ description: "The app's bundle id.", examples: ['com.example.shop'] })
  topic: string;

  @Optional()
  @IsIn(ENVIRONMENTS)
  @JSONSchema({
    default: 'production',
    description: 'sandbox for the tokens of apps that were installed by Xcode.',
  })
  environment?: Environment;

  @Optional()
  @Format('http-url')
  @JSONSchema({
    description:
      'Instead of the host of the environment, such as a sandbox; http:// is HTTP/2 in clear text. Internal addresses ' +
      'have to be allowed as for webhooks.',
  })
  apiBaseUrl?: string;
}

const HOSTS: Record<Environment, string> = {
  production: 'https://api.push.apple.com',
  sandbox: 'https://api.sandbox.push.apple.com',
};

const PING_EVERY_MS = 60_000;
const MAX_BODY_BYTES = 16 * 1024;

/** Push messages to iOS through the Apple Push Notification service. */
export const apns: ProviderDefinition<'push', ApnsConfig> = {
  type: 'apns',
  channel: 'push',
  title: 'Apple Push Notification service',
  config: ApnsConfig,
  secrets: ['privateKey'],
  destination: ['environment', 'apiBaseUrl'],
  check: checkConfig,
  carries: ({ platform }) => platform === 'ios',

  async open(config, deps) {
    const { keyId, teamId, privateKey, topic } = config;
    const base = (config.apiBaseUrl ?? HOSTS[config.environment ?? 'production']).replace(/\/+$/, '');
    const pool = poolFor(config, new URL(base), deps);
    const tokens = new ProviderTokens({ keyId, teamId, privateKey, now: Date.now });
    let closed = false;
    return {
      async send(message, { deliveryId, signal }) {
        if (closed) return CLOSED;
        const { headers, payload } = apnsNotification(message, { deliveryId, topic, nowMs: Date.now() });
        const bytes = Buffer.byteLength(payload);
        if (bytes > LIMITS.pushPayloadBytes) return tooLarge(bytes);
        const exchange = await sendWithToken(tokens, (token) =>
          pool.post({
            url: new URL(`${base}/3/device/${encodeURIComponent(message.token)}`),
            headers: { ...headers, authorization: `bearer ${token}`, 'content-type': 'application/json' },
            body: payload,
            timeoutMs: deps.timeoutMs,
            maxBodyBytes: MAX_BODY_BYTES,
            signal,
          }),
        );
        if (exchange.kind === 'failed' && exchange.code === POOL_CLOSED) return CLOSED;
        return apnsOutcome(exchange, message.registeredAt);
      },
      async close() {
        if (closed) return;
        closed = true;
        pool.close();
      },
    };
  },
};

function checkConfig({ privateKey }: ApnsConfig): FieldError[] {
  if (isApnsKey(privateKey)) return [];
  return [{ pointer: '/privateKey', detail: 'must be a P-256 private key in PEM form without passphrase' }];
}

function poolFor({ apiBaseUrl }: ApnsConfig, url: URL, deps: ProviderDeps): ApnsPool {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return new ApnsPool({
    url,
    // A tenant who chooses where requests go must not reach into our network with them.
    openSocket: () =>
      apiBaseUrl ? openGuardedSocket(deps.guardedDispatcher, host, port) : openSocket(host, port),
    timeoutMs: deps.timeoutMs,
    pingEveryMs: PING_EVERY_MS,
    maxConnections: deps.maxConnections,
  });
}

function openSocket(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => resolve(socket)).once('error', reject);
  });
}

/** Posts with the provider token; one that APNs calls expired is replaced, once. */
async function sendWithToken(
  tokens: ProviderTokens,
  post: (token: string) => Promise<Exchange>,
): Promise<Exchange> {
  const token = await tokens.current();
  const exchange = await post(token);
  if (!isTokenExpired(exchange)) return exchange;
  const replacement = await tokens.replace(token);
  return replacement === undefined ? exchange : post(replacement);
}

function tooLarge(bytes: number): SendOutcome {
  return {
    outcome: 'permanent-content',
    reason: 'content_rejected',
    code: 'apns_payload_too_large',
    detail: `The payload has ${bytes} bytes; APNs takes ${LIMITS.pushPayloadBytes}.`,
  };
}
