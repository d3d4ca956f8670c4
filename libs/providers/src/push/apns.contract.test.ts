import { generateKeyPairSync } from 'node:crypto';
import { type PushMessage } from '@herald/delivery';
import {
  describeProviderContract,
  type HttpReply,
  type OtherSide,
  refusedPort,
  startScriptedHttp2Server,
} from '@herald/testing';
import { validateProviderConfig } from '../validate-provider-config';
import { type ApnsConfig, apns } from './apns';

const pem = (namedCurve: string) =>
  generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();

const good: ApnsConfig = {
  keyId: '2X9R4HXF34',
  teamId: '8YL3GNV826',
  privateKey: pem('P-256'),
  topic: 'com.example.shop',
};
const TOKEN = 'a1'.repeat(32);
/** When the app got its token. */
const REGISTERED_AT = Date.UTC(2029, 0, 1);

let counter = 0;
function message(): PushMessage {
  counter += 1;
  const content = { title: 'Grüße', body: `Hello ${counter}`, data: { order: '42' }, ttlSeconds: 0 };
  return { platform: 'ios', token: TOKEN, content, registeredAt: REGISTERED_AT };
}

async function start(): Promise<OtherSide<'push', ApnsConfig, HttpReply>> {
  const server = await startScriptedHttp2Server({ maxConcurrentStreams: 8 });
  return {
    config: { ...good, apiBaseUrl: `${server.url}/base/` },
    message,
    taken: () => server.arrivals.length,
    expectTaken: (sent, context) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({ method: 'POST', path: `/base/3/device/${TOKEN}` });
      expect(arrival?.headers).toMatchObject({
        authorization: expect.stringMatching(/^bearer [\w-]+\.[\w-]+\.[\w-]+$/),
        'content-type': 'application/json',
        'apns-id': context.deliveryId,
        'apns-topic': 'com.example.shop',
        'apns-push-type': 'alert',
        'apns-priority': '10',
        'apns-expiration': '0',
      });
      expect(JSON.parse(arrival?.body ?? '')).toEqual({
        order: '42',
        aps: { alert: { title: 'Grüße', body: sent.content.body } },
      });
    },
    reply: server.reply,
    fail: server.fail,
    babble: server.babble,
    connections: server.connections,
    close: server.close,
  };
}

const accepted: HttpReply = { status: 200, headers: { 'apns-id': '0197c0de-0000-7000-8000-00000000abcd' } };
const refusal = (
  status: number,
  reason: string,
  more: object = {},
  headers: Record<string, string> = {},
): HttpReply => ({
  status,
  headers: { 'apns-id': '0197c0de-0000-7000-8000-00000000abcd', ...headers },
  body: JSON.stringify({ reason, ...more }),
});

const MINUTE = 60_000;
const badToken = { outcome: 'permanent-address', reason: 'invalid_address' } as const;
const gone = { outcome: 'permanent-address', reason: 'unregistered' } as const;
const pruned = { ...gone, suppress: 'unregistered' } as const;
const content = { outcome: 'permanent-content', reason: 'content_rejected' } as const;
const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;
const slow = { outcome: 'retry', reason: 'rate_limited' } as const;
const reconnect = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const later = { ...reconnect, retryAfterMs: 15 * MINUTE } as const;
const unknown = { outcome: 'ambiguous', reason: 'provider_unavailable' } as const;

/** Each reason that the provider knows, with its status, and what follows. */
const byReason = [
  [badToken, 400, ['BadDeviceToken', 'DeviceTokenNotForTopic']],
  [content, 400, ['BadCollapseId', 'BadExpirationDate', 'BadMessageId', 'BadPriority', 'DuplicateHeaders']],
  [content, 400, ['InvalidPushType', 'MissingDeviceToken', 'PayloadEmpty']],
  [content, 413, ['PayloadTooLarge']],
  [halt, 400, ['BadTopic', 'MissingTopic', 'TopicDisallowed']],
  [reconnect, 400, ['IdleTimeout']],
  [halt, 403, ['BadCertificate', 'BadCertificateEnvironment', 'Forbidden']],
  [halt, 403, ['InvalidProviderToken', 'MissingProviderToken', 'ExpiredProviderToken']],
  [halt, 403, ['UnrelatedKeyIdInToken', 'BadEnvironmentKeyIdInToken', 'BadEnvironmentKeyInToken']],
  [halt, 404, ['BadPath']],
  [halt, 405, ['MethodNotAllowed']],
  [{ ...slow, retryAfterMs: 5 * MINUTE }, 429, ['TooManyProviderTokenUpdates']],
  [slow, 429, ['TooManyRequests']],
  [later, 500, ['InternalServerError']],
  [later, 503, ['ServiceUnavailable']],
  [reconnect, 503, ['Shutdown']],
  [pruned, 410, ['Unregistered', 'ExpiredToken']],
  // unknown ones, by their status
  [content, 400, ['SomethingNew']],
  [halt, 403, ['SomethingNew']],
  [gone, 410, ['SomethingNew']],
] as const;

const errors = byReason.flatMap(([expected, status, reasons]) =>
  reasons.map((reason) => ({
    name: `${status} ${reason}`,
    reply: refusal(status, reason),
    expected: { ...expected, code: `apns_${reason}` },
  })),
);

describeProviderContract<'push', ApnsConfig, HttpReply>({
  definition: apns,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(apns, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      'with what is needed': good,
      'for the apps of developers': { ...good, environment: 'sandbox' },
      'a sandbox': { ...good, apiBaseUrl: 'http://127.0.0.1:2197' },
    },
    bad: [
      { name: 'a short key id', config: { ...good, keyId: '2X9R4' }, pointer: '/keyId' },
      { name: 'no team', config: { ...good, teamId: undefined }, pointer: '/teamId' },
      { name: 'no key', config: { ...good, privateKey: undefined }, pointer: '/privateKey' },
      {
        name: 'a key of another curve',
        config: { ...good, privateKey: pem('P-384') },
        pointer: '/privateKey',
      },
      { name: 'what is no key', config: { ...good, privateKey: 'a secret' }, pointer: '/privateKey' },
      { name: 'no topic', config: { ...good, topic: '' }, pointer: '/topic' },
      { name: 'a topic of two lines', config: { ...good, topic: 'com.example\n' }, pointer: '/topic' },
      {
        name: 'an environment that Apple does not have',
        config: { ...good, environment: 'staging' },
        pointer: '/environment',
      },
      { name: 'a bad URL', config: { ...good, apiBaseUrl: 'h2c://x' }, pointer: '/apiBaseUrl' },
    ],
  },
  remote: {
    start,
    refused: async () => ({
      config: { ...good, apiBaseUrl: `http://127.0.0.1:${await refusedPort()}` },
      message: message(),
    }),
    accepted,
    errors: [
      ...errors,
      {
        name: 'a token that died after the app had got it',
        reply: refusal(410, 'Unregistered', { timestamp: REGISTERED_AT + 1 }),
        expected: pruned,
      },
      {
        name: 'a token that the app got again after it had died',
        reply: refusal(410, 'Unregistered', { timestamp: REGISTERED_AT - 1 }),
        expected: gone,
      },
      {
        name: 'a token that died at a senseless time',
        reply: refusal(410, 'Unregistered', { timestamp: '1' }),
        expected: pruned,
      },
      {
        name: 'a device that gets too much, with Retry-After',
        reply: refusal(429, 'TooManyRequests', {}, { 'retry-after': '7' }),
        expected: { ...slow, retryAfterMs: 7000 },
      },
      {
        name: '503 with a date',
        reply: refusal(
          503,
          'ServiceUnavailable',
          {},
          { 'retry-after': new Date(Date.now() + 90_000).toUTCString() },
        ),
        expected: { ...reconnect, retryAfterMs: { from: 30_000, to: 90_000 } },
      },
      {
        name: '500 with HTML',
        reply: { status: 500, body: '<html>' },
        expected: { ...later, code: 'http_500' },
      },
      { name: '502', reply: { status: 502 }, expected: { ...reconnect, code: 'http_502' } },
      { name: '429', reply: { status: 429 }, expected: { ...slow, code: 'http_429' } },
      {
        name: '410 of who knows whom',
        reply: { status: 410, body: 'gone' },
        expected: { ...gone, code: 'http_410' },
      },
      { name: '403', reply: { status: 403 }, expected: { ...halt, code: 'http_403' } },
      { name: '404', reply: { status: 404, body: '<html>' }, expected: halt },
      { name: '408', reply: { status: 408 }, expected: { outcome: 'retry', reason: 'temporary_failure' } },
      { name: '422', reply: { status: 422 }, expected: { ...content, code: 'http_422' } },
      { name: 'a redirect', reply: { status: 302, headers: { location: '/' } }, expected: halt },
      {
        name: 'a reason that is none',
        reply: refusal(400, 'a b'),
        expected: { ...content, code: 'http_400' },
      },
      { name: 'null', reply: { status: 400, body: 'null' }, expected: content },
      {
        name: '200 without an id',
        reply: { status: 200, body: '<html>' },
        expected: { ...unknown, code: 'http_200' },
      },
      { name: '202', reply: { ...accepted, status: 202 }, expected: unknown },
    ],
    faults: {
      silent: { outcome: 'ambiguous', reason: 'timed_out', code: 'http_ETIMEDOUT' },
      dropped: { outcome: 'ambiguous', reason: 'timed_out', code: 'http_ECONNRESET' },
      garbage: { outcome: 'ambiguous', reason: 'timed_out', code: /^http_/ },
    },
  },
});
