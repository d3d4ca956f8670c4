import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type EmailMessage } from '@herald/delivery';
import {
  describeProviderContract,
  type HttpReply,
  type OtherSide,
  refusedPort,
  startScriptedHttpServer,
} from '@herald/testing';
import { validateProviderConfig } from '../validate-provider-config';
import { type SendgridConfig, sendgrid } from './sendgrid';

const keys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64');
const account = keys();
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });

const good: SendgridConfig = {
  apiKey: 'SG.0123456789.abcdef',
  from: 'Shop <shop@example.com>',
  webhookPublicKey: spki(account.publicKey),
};

let counter = 0;
function message(): EmailMessage {
  counter += 1;
  return {
    to: 'ada@example.org',
    subject: `Hello ${counter}`,
    text: 'Grüße',
    html: '<p>Grüße</p>',
    headers: {},
    attachments: [],
  };
}

async function start(): Promise<OtherSide<'email', SendgridConfig, HttpReply>> {
  const server = await startScriptedHttpServer();
  return {
    config: { ...good, apiBaseUrl: server.url },
    message,
    taken: () => server.arrivals.length,
    expectTaken: (sent, { deliveryId, tenantId }) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({
        method: 'POST',
        path: '/v3/mail/send',
        headers: { authorization: `Bearer ${good.apiKey}`, 'content-type': 'application/json' },
      });
      expect(JSON.parse(arrival?.body ?? '')).toEqual({
        personalizations: [{ to: [{ email: sent.to }] }],
        from: { email: 'shop@example.com', name: 'Shop' },
        subject: sent.subject,
        content: [
          { type: 'text/plain', value: 'Grüße' },
          { type: 'text/html', value: '<p>Grüße</p>' },
        ],
        headers: { 'Message-ID': `<${deliveryId}@example.com>` },
        custom_args: { herald_delivery_id: deliveryId, herald_tenant_id: tenantId },
      });
    },
    reply: server.reply,
    fail: server.fail,
    babble: server.babble,
    connections: server.connections,
    close: server.close,
  };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const refused = (status: number, ...fields: (string | null)[]) =>
  json(status, { errors: fields.map((field) => ({ message: 'in words', field, help: null })) });

const slow = { outcome: 'retry', reason: 'rate_limited' } as const;
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const content = { outcome: 'permanent-content', reason: 'content_rejected' } as const;
const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;
const unknown = { outcome: 'ambiguous', reason: 'provider_unavailable' } as const;
const bounced = {
  outcome: 'permanent-address',
  reason: 'invalid_address',
  suppress: 'bounce',
  code: 'sendgrid_invalid_recipient',
} as const;

const TO = 'personalizations.0.to.0.email';
const inSeconds = (seconds: number) => String(Math.ceil(Date.now() / 1000) + seconds);

const byStatus = [
  [halt, [401, 402, 403, 404, 405, 406, 415]],
  [content, [400, 413, 422]],
  [{ outcome: 'retry', reason: 'temporary_failure' }, [408]],
  [slow, [429]],
  [unavailable, [500, 502, 503, 504]],
] as const;
const errors = byStatus.flatMap(([expected, statuses]) =>
  statuses.map((status) => ({
    name: String(status),
    reply: refused(status, null),
    expected: { ...expected, code: `http_${status}` },
  })),
);

describeProviderContract<'email', SendgridConfig, HttpReply>({
  definition: sendgrid,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(sendgrid, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      'with everything': {
        ...good,
        region: 'eu',
        sandboxMode: true,
        apiBaseUrl: 'http://127.0.0.1:4010/sendgrid/',
      },
      'without events': { ...good, webhookPublicKey: undefined },
    },
    bad: [
      { name: 'no key', config: { ...good, apiKey: undefined }, pointer: '/apiKey' },
      {
        name: 'a key with a line break',
        config: { ...good, apiKey: `${good.apiKey}\n` },
        pointer: '/apiKey',
      },
      { name: 'no sender', config: { ...good, from: undefined }, pointer: '/from' },
      { name: 'a bad sender', config: { ...good, from: 'shop' }, pointer: '/from' },
      { name: 'a region elsewhere', config: { ...good, region: 'us' }, pointer: '/region' },
      { name: 'a bad URL', config: { ...good, apiBaseUrl: 'ftp://x' }, pointer: '/apiBaseUrl' },
      { name: 'no text for a key', config: { ...good, webhookPublicKey: 7 }, pointer: '/webhookPublicKey' },
      ...[
        ['an empty key', ''],
        ['a key that is none', 'aGVyYWxk'],
        ['a key of another curve', spki(otherCurve.publicKey)],
        [
          'a key of another kind',
          spki(createPublicKey(rsa.publicKey.export({ format: 'pem', type: 'spki' }))),
        ],
        [
          'a private key',
          account.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64').slice(0, 184),
        ],
      ].map(([name = '', webhookPublicKey]) => ({
        name,
        config: { ...good, webhookPublicKey },
        pointer: '/webhookPublicKey',
      })),
    ],
  },
  remote: {
    start,
    refused: async () => ({
      config: { ...good, apiBaseUrl: `http://127.0.0.1:${await refusedPort()}` },
      message: message(),
    }),
    accepted: { status: 202, headers: { 'x-message-id': '14c5d75ce93-dfd_64b469' } },
    errors: [
      ...errors,
      { name: 'a bad recipient', reply: refused(400, TO), expected: bounced },
      { name: 'a bad recipient and more', reply: refused(400, TO, 'subject'), expected: content },
      { name: 'a bad sender', reply: refused(400, 'from.email'), expected: content },
      { name: 'a field of another status', reply: refused(403, TO), expected: halt },
      {
        name: '429 with Retry-After',
        reply: json(429, {}, { 'retry-after': '7', 'x-ratelimit-reset': inSeconds(600) }),
        expected: { ...slow, retryAfterMs: 7000 },
      },
      {
        name: '429 with the time of a reset',
        reply: json(429, {}, { 'x-ratelimit-reset': inSeconds(600) }),
        expected: { ...slow, retryAfterMs: { from: 500_000, to: 601_000 } },
      },
      {
        name: '429 with a reset that is over',
        reply: json(429, {}, { 'x-ratelimit-reset': inSeconds(-600) }),
        expected: slow,
      },
      { name: '429 without sense', reply: json(429, {}, { 'x-ratelimit-reset': 'soon' }), expected: slow },
      {
        name: '503 with Retry-After',
        reply: json(503, {}, { 'retry-after': '30', 'x-ratelimit-reset': inSeconds(600) }),
        expected: { ...unavailable, retryAfterMs: 30_000 },
      },
      {
        name: '500 beside a count of requests',
        reply: json(500, {}, { 'x-ratelimit-reset': inSeconds(600) }),
        expected: unavailable,
      },
      { name: '400 with HTML', reply: { status: 400, body: '<html>' }, expected: content },
      { name: '400 with null', reply: json(400, null), expected: content },
      { name: '400 with errors of no kind', reply: json(400, { errors: [null, 7, {}] }), expected: content },
      { name: '400 with no list', reply: json(400, { errors: 'no' }), expected: content },
      { name: 'a redirect', reply: { status: 302, headers: { location: '/' } }, expected: halt },
      { name: '200 without sandbox mode', reply: { status: 200, body: '<html>' }, expected: unknown },
      { name: '204', reply: { status: 204 }, expected: { ...unknown, code: 'http_204' } },
    ],
    faults: {
      silent: { outcome: 'ambiguous', reason: 'timed_out', code: 'http_UND_ERR_HEADERS_TIMEOUT' },
      dropped: { outcome: 'ambiguous', reason: 'timed_out', code: /^http_/ },
      garbage: { ...unknown, code: 'http_HTTPParserError' },
    },
  },
});
