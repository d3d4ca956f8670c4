import { randomBytes } from 'node:crypto';
import { type WebhookMessage } from '@herald/delivery';
import {
  describeProviderContract,
  type HttpReply,
  type OtherSide,
  refusedPort,
  startScriptedHttpServer,
} from '@herald/testing';
import { Webhook } from 'standardwebhooks';
import { validateProviderConfig } from '../validate-provider-config';
import { type StandardWebhookConfig, standardWebhook } from './standard-webhook';

const secret = (bytes = 32) => `whsec_${randomBytes(bytes).toString('base64')}`;
const config: StandardWebhookConfig = { secrets: [secret()] };

let counter = 0;
function body(): string {
  counter += 1;
  return JSON.stringify({ order: counter, name: 'Grüße 🎉' });
}

async function start(): Promise<OtherSide<'webhook', StandardWebhookConfig, HttpReply>> {
  const server = await startScriptedHttpServer();
  return {
    config,
    message: (): WebhookMessage => ({ url: `${server.url}/hooks/1?x=y`, body: body() }),
    taken: () => server.arrivals.length,
    expectTaken: (sent, { deliveryId }) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({ method: 'POST', path: '/hooks/1?x=y', body: sent.body });
      const headers = arrival?.headers as Record<string, string>;
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': 'Herald/1',
        'webhook-id': deliveryId,
      });
      expect(new Webhook(config.secrets[0] as string).verify(sent.body, headers)).toEqual(
        JSON.parse(sent.body),
      );
    },
    reply: server.reply,
    fail: server.fail,
    babble: server.babble,
    connections: server.connections,
    close: server.close,
  };
}

const retry = { outcome: 'retry', reason: 'temporary_failure' } as const;
const slow = { outcome: 'retry', reason: 'rate_limited' } as const;
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const gone = {
  outcome: 'permanent-address',
  reason: 'endpoint_gone',
  suppress: 'endpoint_gone',
} as const;
const redirected = { outcome: 'permanent-content', reason: 'invalid_address' } as const;

const byStatus = [
  [retry, [400, 401, 403, 404, 405, 408, 409, 413, 415, 418, 422, 425]],
  [slow, [429]],
  [unavailable, [500, 502, 503, 504, 599]],
  [gone, [410]],
  [redirected, [300, 301, 302, 303, 304, 307, 308]],
] as const;

describeProviderContract<'webhook', StandardWebhookConfig, HttpReply>({
  definition: standardWebhook,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(standardWebhook, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      'one secret': config,
      'two during a rotation': { secrets: [secret(24), secret(64)] },
    },
    bad: [
      { name: 'none', config: {}, pointer: '/secrets' },
      { name: 'no secret', config: { secrets: [] }, pointer: '/secrets' },
      { name: 'three', config: { secrets: [secret(), secret(), secret()] }, pointer: '/secrets' },
      { name: 'one twice', config: { secrets: [config.secrets[0], config.secrets[0]] }, pointer: '/secrets' },
      { name: 'a text', config: { secrets: config.secrets[0] }, pointer: '/secrets' },
      { name: 'no prefix', config: { secrets: [randomBytes(32).toString('base64')] }, pointer: '/secrets' },
      { name: 'too short', config: { secrets: [secret(23)] }, pointer: '/secrets/0' },
      { name: 'too long', config: { secrets: [secret(), secret(65)] }, pointer: '/secrets/1' },
      { name: 'a number', config: { secrets: [7] }, pointer: '/secrets' },
    ],
  },
  remote: {
    start,
    refused: async () => ({
      config,
      message: { url: `http://127.0.0.1:${await refusedPort()}/`, body: body() },
    }),
    accepted: { status: 204 },
    errors: [
      ...byStatus.flatMap(([expected, statuses]) =>
        statuses.map((status) => ({
          name: String(status),
          reply: { status, headers: { location: 'http://127.0.0.1:1/' }, body: 'ada@example.com' },
          expected: { ...expected, code: `http_${status}` },
        })),
      ),
      {
        name: 'Retry-After in seconds',
        reply: { status: 429, headers: { 'retry-after': '120' } },
        expected: { ...slow, retryAfterMs: 120_000 },
      },
      {
        name: 'Retry-After as a date',
        reply: { status: 503, headers: { 'retry-after': new Date(Date.now() + 90_000).toUTCString() } },
        expected: { ...unavailable, retryAfterMs: { from: 30_000, to: 90_000 } },
      },
      {
        name: 'a senseless Retry-After',
        reply: { status: 503, headers: { 'retry-after': 'soon' } },
        expected: unavailable,
      },
      {
        name: 'Retry-After with 410',
        reply: { status: 410, headers: { 'retry-after': '120' } },
        expected: gone,
      },
    ],
    faults: {
      silent: { outcome: 'ambiguous', reason: 'timed_out', code: 'http_UND_ERR_HEADERS_TIMEOUT' },
      dropped: { outcome: 'ambiguous', reason: 'timed_out', code: /^http_/ },
      garbage: { outcome: 'ambiguous', reason: 'provider_unavailable', code: 'http_HTTPParserError' },
    },
  },
});
