import { createECDH, createPublicKey, randomBytes, verify } from 'node:crypto';
import { type WebPushMessage } from '@herald/delivery';
import { newId } from '@herald/domain';
import {
  describeProviderContract,
  type HttpReply,
  type OtherSide,
  refusedPort,
  startScriptedHttpServer,
} from '@herald/testing';
import { generateVAPIDKeys } from 'web-push';
import { validateProviderConfig } from '../validate-provider-config';
import { type WebPushConfig, webPush } from './web-push';

const newKey = () => ({ id: newId(Date.now()), ...generateVAPIDKeys() });
const key = newKey();
const config: WebPushConfig = { subject: 'mailto:ops@example.com', keys: [key] };

function newKeys(): WebPushMessage['keys'] {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return { p256dh: pair.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') };
}

let counter = 0;
function messageAt(origin: string): WebPushMessage {
  counter += 1;
  return {
    endpoint: `${origin}/push/a%2Fb?x=${counter}`,
    keys: newKeys(),
    payload: JSON.stringify({ title: `Grüße ${counter}` }),
    ttlSeconds: counter,
    urgency: 'high',
    topic: 'orders',
  };
}

/** The claims of a VAPID token, which has to be signed by the key that it names. */
function claimsOf(authorization: string): unknown {
  const [, token = '', k = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization) ?? [];
  expect(k).toBe(key.publicKey);
  const point = Buffer.from(k, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } });
  const [head = '', body = '', signature = ''] = token.split('.');
  const signed = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const given = Buffer.from(signature, 'base64url');
  expect(verify('sha256', Buffer.from(`${head}.${body}`), signed, given)).toBe(true);
  return JSON.parse(Buffer.from(body, 'base64url').toString());
}

async function start(): Promise<OtherSide<'webpush', WebPushConfig, HttpReply>> {
  const server = await startScriptedHttpServer();
  return {
    config,
    message: () => messageAt(server.url),
    taken: () => server.arrivals.length,
    expectTaken: (sent) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({ method: 'POST', path: sent.endpoint.slice(server.url.length) });
      expect(arrival?.headers).toMatchObject({
        'content-encoding': 'aes128gcm',
        'content-type': 'application/octet-stream',
        'user-agent': 'Herald/1',
        ttl: String(sent.ttlSeconds),
        urgency: 'high',
        topic: 'orders',
      });
      const now = Date.now() / 1000;
      const claims = claimsOf(String(arrival?.headers.authorization));
      expect(claims).toEqual({ aud: server.url, sub: config.subject, exp: expect.any(Number) });
      const { exp } = claims as { exp: number };
      expect(exp).toBeGreaterThan(now + 6 * 3600);
      expect(exp).toBeLessThanOrEqual(now + 24 * 3600);
    },
    reply: server.reply,
    fail: server.fail,
    babble: server.babble,
    connections: server.connections,
    close: server.close,
  };
}

const later = { outcome: 'retry', reason: 'temporary_failure' } as const;
const slow = { outcome: 'retry', reason: 'rate_limited' } as const;
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const gone = { outcome: 'permanent-address', reason: 'unregistered', suppress: 'unregistered' } as const;
const foreign = { outcome: 'permanent-address', reason: 'invalid_address' } as const;
const content = { outcome: 'permanent-content', reason: 'content_rejected' } as const;
const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;

const byStatus = [
  [gone, [404, 410]],
  [foreign, [401, 403, 301, 302, 307, 308]],
  [content, [400, 402, 405, 413, 415, 422]],
  [slow, [406, 429]],
  [later, [408, 425]],
  [unavailable, [500, 502, 503, 504, 599]],
] as const;

const apple = (status: number, reason: unknown): HttpReply => ({ status, body: JSON.stringify({ reason }) });

describeProviderContract<'webpush', WebPushConfig, HttpReply>({
  definition: webPush,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(webPush, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      'one key': config,
      'several, newest first': { ...config, keys: [newKey(), key] },
      'a page as subject': { ...config, subject: 'https://example.com/contact' },
    },
    bad: [
      { name: 'no subject', config: { keys: [key] }, pointer: '/subject' },
      { name: 'no URL', config: { ...config, subject: 'ops@example.com' }, pointer: '/subject' },
      {
        name: 'a subject that Apple refuses',
        config: { ...config, subject: 'mailto:ops@localhost' },
        pointer: '/subject',
      },
      { name: 'no key', config: { ...config, keys: [] }, pointer: '/keys' },
      { name: 'keys that are missing', config: { subject: config.subject }, pointer: '/keys' },
      { name: 'one key twice', config: { ...config, keys: [key, key] }, pointer: '/keys' },
      {
        name: 'a short public key',
        config: { ...config, keys: [{ ...key, publicKey: 'BA' }] },
        pointer: '/keys/0/publicKey',
      },
      {
        name: 'a private key of another pair',
        config: { ...config, keys: [newKey(), { ...key, privateKey: newKey().privateKey }] },
        pointer: '/keys/1/privateKey',
      },
      {
        name: 'a private key that is none',
        config: { ...config, keys: [{ ...key, privateKey: '_'.repeat(43) }] },
        pointer: '/keys/0/privateKey',
      },
    ],
  },
  remote: {
    start,
    refused: async () => ({ config, message: messageAt(`http://127.0.0.1:${await refusedPort()}`) }),
    accepted: { status: 201, headers: { location: 'https://push.example.com/m/1' } },
    errors: [
      ...byStatus.flatMap(([expected, statuses]) =>
        statuses.map((status) => ({
          name: String(status),
          reply: { status, headers: { location: 'http://127.0.0.1:1/' }, body: 'ada@example.com' },
          expected: { ...expected, code: `http_${status}` },
        })),
      ),
      {
        name: 'a key that is not the one of the subscription, at Apple',
        reply: apple(400, 'VapidPkHashMismatch'),
        expected: { ...foreign, code: 'webpush_VapidPkHashMismatch' },
      },
      {
        name: 'a token that Apple does not like',
        reply: apple(403, 'BadJwtToken'),
        expected: { ...halt, code: 'webpush_BadJwtToken' },
      },
      {
        name: 'a reason that is not known',
        reply: apple(400, 'BadWebPushTopic'),
        expected: { ...content, code: 'http_400' },
      },
      {
        name: 'a reason that every object has',
        reply: apple(400, 'constructor'),
        expected: { ...content, code: 'http_400' },
      },
      { name: 'a reason that is no text', reply: apple(400, 7), expected: { ...content, code: 'http_400' } },
      { name: '400 with null', reply: { status: 400, body: 'null' }, expected: content },
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
