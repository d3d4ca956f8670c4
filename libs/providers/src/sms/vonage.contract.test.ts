import { createHmac } from 'node:crypto';
import { type Reason } from '@herald/contracts';
import { type Receipt, type ReceiptRequest, type SmsMessage } from '@herald/delivery';
import {
  describeProviderContract,
  type HttpReply,
  type OtherSide,
  refusedPort,
  startScriptedHttpServer,
} from '@herald/testing';
import { validateProviderConfig } from '../validate-provider-config';
import { type VonageConfig, vonage } from './vonage';

const good: VonageConfig = {
  apiKey: 'abcd1234',
  apiSecret: 'a-secret-of-the-tests',
  from: '+447700900000',
  signatureSecret: 'a-signature-secret',
};

let counter = 0;
function message(): SmsMessage {
  counter += 1;
  return { to: '+4915112345678', body: `Hello ${counter} & goodbye` };
}

async function start(): Promise<OtherSide<'sms', VonageConfig, HttpReply>> {
  const server = await startScriptedHttpServer();
  return {
    config: { ...good, apiBaseUrl: `${server.url}/base/` },
    message,
    taken: () => server.arrivals.length,
    expectTaken: (sent, context) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({ method: 'POST', path: '/base/sms/json' });
      expect(Object.fromEntries(new URLSearchParams(arrival?.body))).toEqual({
        api_key: good.apiKey,
        api_secret: good.apiSecret,
        from: '447700900000',
        to: '4915112345678',
        text: sent.body,
        type: 'text',
        'client-ref': context.deliveryId,
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
/** An answer with a part for each status. */
const parts = (...statuses: (string | number)[]): HttpReply =>
  json(200, {
    'message-count': String(statuses.length),
    messages: statuses.map((status, index) =>
      String(status) === '0'
        ? { to: '4915112345678', 'message-id': `0C00000${index}`, status, network: '26201' }
        : { status, 'error-text': 'in words' },
    ),
  });

const retry = { outcome: 'retry', reason: 'temporary_failure' } as const;
const slow = { outcome: 'retry', reason: 'rate_limited' } as const;
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const notReached = { outcome: 'permanent-address', reason: 'invalid_address' } as const;
const bounced = { ...notReached, suppress: 'bounce' } as const;
const content = { outcome: 'permanent-content', reason: 'content_rejected' } as const;
const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;
const unknown = { outcome: 'ambiguous', reason: 'provider_unavailable' } as const;

/** Each status that the provider knows, and what follows. */
const byStatus = [
  [slow, [1, 10]],
  [unavailable, [5, 13]],
  [halt, [4, 8, 9, 11, 14, 19, 23, 32]],
  [{ ...halt, ofMessage: true }, [15, 29]],
  [content, [2, 3, 12, 16, 20, 22]],
  [notReached, [6, 7]],
  [bounced, [33, 34]],
  // unknown ones
  [content, [17, 999]],
] as const;

const errors = byStatus.flatMap(([expected, statuses]) =>
  statuses.map((status) => ({
    name: `status ${status}`,
    reply: parts(String(status)),
    expected: { ...expected, code: `vonage_${status}` },
  })),
);

/** Signs by the rule for the default method; none of the values has a separator. */
function signed(body: Record<string, string>): ReceiptRequest {
  const fields: Record<string, string> = { ...body, timestamp: String(Math.floor(Date.now() / 1000)) };
  const text = Object.keys(fields)
    .sort()
    .map((name) => `&${name}=${fields[name]}`)
    .join('');
  const sig = createHmac('sha256', 'a-signature-secret').update(text).digest('hex').toUpperCase();
  return {
    url: 'https://edge.example.com/v1/receipts/p1/d1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    rawBody: Buffer.from(new URLSearchParams({ ...fields, sig }).toString()),
  };
}

const ID = '0A0000001234567B';
const REF = '0197c0de-0000-7000-8000-00000000abcd';
const dlr = (status: string, code = '0', more: Record<string, string> = {}) => ({
  msisdn: '4915112345678',
  to: 'Shop',
  'network-code': '26201',
  messageId: ID,
  price: '0.03330000',
  status,
  scts: '2001011400',
  'err-code': code,
  'api-key': 'abcd1234',
  ...more,
});
const undelivered = (reason: Reason, code?: string, suppress?: 'bounce' | 'opt_out'): Receipt[] => [
  {
    kind: 'state',
    state: 'undelivered',
    reason,
    ...(code && { code: `vonage_${code}` }),
    ...(suppress && { suppress }),
    providerMessageId: ID,
  },
];
const inbound = (text: string, more: Record<string, string> = {}) => ({
  msisdn: '4915112345678',
  to: '447700900000',
  messageId: ID,
  text,
  type: 'text',
  keyword: text.trim().split(/\s/)[0]?.toUpperCase() ?? '',
  ...more,
});
const consent = (optedOut: boolean, at?: Date): Receipt[] => [
  { kind: 'consent', address: '+4915112345678', optedOut, ...(at && { at }) },
];

const failures = [
  ['1', 'undelivered_unknown'],
  ['2', 'unreachable'],
  ['3', 'unreachable', 'bounce'],
  ['4', 'carrier_rejected', 'bounce'],
  ['5', 'unreachable'],
  ['6', 'carrier_rejected'],
  ['7', 'unreachable'],
  ['8', 'unreachable'],
  ['9', 'opted_out', 'opt_out'],
  ['10', 'carrier_rejected'],
  ['11', 'unreachable'],
  ['12', 'unreachable'],
  ['13', 'carrier_rejected'],
  ['14', 'carrier_rejected'],
  ['15', 'carrier_rejected'],
  ['50', 'undelivered_unknown'],
  ['99', 'undelivered_unknown'],
] as const;

describeProviderContract<'sms', VonageConfig, HttpReply>({
  definition: vonage,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(vonage, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      'a number': good,
      'a number without plus': { ...good, from: '447700900000' },
      'an alphanumeric sender': { ...good, from: 'My Shop 1' },
      'a short code': { ...good, from: '12345' },
      'without receipts': { ...good, signatureSecret: undefined },
      'a method, and a sandbox': {
        ...good,
        signatureMethod: 'md5hash',
        apiBaseUrl: 'http://127.0.0.1:4010/vonage/',
      },
    },
    bad: [
      { name: 'a bad key', config: { ...good, apiKey: 'a b' }, pointer: '/apiKey' },
      { name: 'no secret', config: { ...good, apiSecret: undefined }, pointer: '/apiSecret' },
      {
        name: 'a secret with a line break',
        config: { ...good, apiSecret: 'a-secret\n' },
        pointer: '/apiSecret',
      },
      { name: 'no sender', config: { ...good, from: undefined }, pointer: '/from' },
      { name: 'a long sender', config: { ...good, from: 'A much too long name' }, pointer: '/from' },
      {
        name: 'a short signature secret',
        config: { ...good, signatureSecret: 'x' },
        pointer: '/signatureSecret',
      },
      {
        name: 'a method that Vonage does not have',
        config: { ...good, signatureMethod: 'sha384' },
        pointer: '/signatureMethod',
      },
      { name: 'a bad URL', config: { ...good, apiBaseUrl: 'ftp://x' }, pointer: '/apiBaseUrl' },
    ],
  },
  remote: {
    start,
    refused: async () => ({
      config: { ...good, apiBaseUrl: `http://127.0.0.1:${await refusedPort()}` },
      message: message(),
    }),
    accepted: parts('0'),
    errors: [
      ...errors,
      { name: 'a status that is a number', reply: parts(7), expected: { ...notReached, code: 'vonage_7' } },
      {
        name: 'throttled with Retry-After',
        reply: { ...parts('1'), headers: { 'retry-after': '7' } },
        expected: { ...slow, code: 'vonage_1', retryAfterMs: 7000 },
      },
      {
        name: 'the first part taken, the second not',
        reply: parts('0', '1'),
        expected: { outcome: 'ambiguous', reason: 'rate_limited', code: 'vonage_1' },
      },
      {
        name: 'the last part taken, one without hope before it',
        reply: parts('1', '9', '0'),
        expected: { outcome: 'ambiguous', reason: 'provider_misconfigured', code: 'vonage_9' },
      },
      { name: 'no part taken', reply: parts('1', '1'), expected: { ...slow, code: 'vonage_1' } },
      {
        name: 'no part taken, for one of which no retry will help',
        reply: parts('1', '4'),
        expected: { ...halt, code: 'vonage_4' },
      },
      { name: '429', reply: json(429, {}), expected: { ...slow, code: 'http_429' } },
      {
        name: '429 that says why',
        reply: { ...parts('1'), status: 429 },
        expected: { ...slow, code: 'vonage_1' },
      },
      {
        name: '503 with a date',
        reply: json(503, {}, { 'retry-after': new Date(Date.now() + 90_000).toUTCString() }),
        expected: { ...unavailable, code: 'http_503', retryAfterMs: { from: 30_000, to: 90_000 } },
      },
      { name: '500', reply: { status: 500, body: 'oops' }, expected: { ...unavailable, code: 'http_500' } },
      { name: '401', reply: json(401, {}), expected: { ...halt, code: 'http_401' } },
      { name: '401 that says why', reply: { ...parts('4'), status: 401 }, expected: halt },
      { name: '403', reply: json(403, {}), expected: halt },
      { name: '404', reply: { status: 404, body: '<html>' }, expected: halt },
      { name: '408', reply: { status: 408 }, expected: retry },
      { name: '422', reply: json(422, {}), expected: { ...content, code: 'http_422' } },
      {
        name: 'a redirect',
        reply: { status: 302, headers: { location: '/' } },
        expected: { ...halt, code: 'http_302' },
      },
      {
        name: '200 with HTML',
        reply: { status: 200, body: '<html>' },
        expected: { ...unknown, code: 'http_200' },
      },
      { name: '200 with nothing', reply: { status: 200 }, expected: unknown },
      { name: '200 without parts', reply: json(200, { messages: [] }), expected: unknown },
      { name: '200 with a part without status', reply: json(200, { messages: [{}] }), expected: unknown },
      { name: '200 with a part that is none', reply: json(200, { messages: [null] }), expected: unknown },
      { name: '200 with null', reply: json(200, null), expected: unknown },
    ],
    faults: {
      silent: { outcome: 'ambiguous', reason: 'timed_out', code: 'http_UND_ERR_HEADERS_TIMEOUT' },
      dropped: { outcome: 'ambiguous', reason: 'timed_out', code: /^http_/ },
      garbage: { ...unknown, code: 'http_HTTPParserError' },
    },
  },
  receipts: {
    config: good,
    signed,
    signsUrl: false,
    withSignature: (request, change) => {
      const form = new URLSearchParams(request.rawBody.toString());
      const sig = change(form.get('sig') ?? '');
      if (sig === undefined) form.delete('sig');
      else form.set('sig', sig);
      return { ...request, rawBody: Buffer.from(form.toString()) };
    },
    otherSecret: { ...good, signatureSecret: 'another-signature-secret' },
    examples: [
      {
        name: 'delivered',
        body: dlr('delivered'),
        receipts: [{ kind: 'state', state: 'delivered', providerMessageId: ID }],
      },
      {
        name: 'with the delivery it is of',
        body: dlr('delivered', '0', { 'client-ref': REF }),
        receipts: [{ kind: 'state', state: 'delivered', providerMessageId: ID, deliveryId: REF }],
      },
      {
        name: 'with a reference of somebody else',
        body: dlr('delivered', '0', { 'client-ref': 'order-7' }),
        receipts: [{ kind: 'state', state: 'delivered', providerMessageId: ID }],
      },
      ...['accepted', 'buffered', 'submitted'].map((name) => ({
        name,
        body: dlr(name, '7'),
        receipts: [{ kind: 'state', state: 'sent', providerMessageId: ID } as const],
      })),
      ...['', 'constructor', 'Delivered!'].map((name) => ({
        name: `${name || 'nothing'} says nothing`,
        body: dlr(name),
        receipts: [],
      })),
      ...failures.map(([code, reason, suppress]) => ({
        name: `failed: ${code}`,
        body: dlr('failed', code),
        receipts: undelivered(reason, code, suppress),
      })),
      ...['rejected', 'expired', 'deleted', 'unknown'].map((name) => ({
        name,
        body: dlr(name, '6'),
        receipts: undelivered('carrier_rejected', '6'),
      })),
      { name: 'expired without code', body: dlr('expired'), receipts: undelivered('undelivered_unknown') },
      { name: 'an odd code', body: dlr('failed', 'x y'), receipts: undelivered('undelivered_unknown') },
      { name: 'STOP', body: inbound('STOP'), receipts: consent(true) },
      { name: 'start', body: inbound(' start\n'), receipts: consent(false) },
      {
        name: 'start, and when',
        body: inbound('start', { 'message-timestamp': '2030-01-02 03:04:05' }),
        receipts: consent(false, new Date('2030-01-02T03:04:05Z')),
      },
      ...['2030-01-02', '2030-13-02 03:04:05', '2030-01-02T03:04:05', 'now'].map((time) => ({
        name: `start, at no time: ${time}`,
        body: inbound('start', { 'message-timestamp': time }),
        receipts: consent(false),
      })),
      {
        name: 'failed, and when',
        body: dlr('failed', '9', { 'message-timestamp': '2030-01-02 03:04:05' }),
        receipts: undelivered('opted_out', '9', 'opt_out').map((receipt) => ({
          ...receipt,
          at: new Date('2030-01-02T03:04:05Z'),
        })),
      },
      { name: 'a sentence with a keyword', body: inbound('stop it'), receipts: [] },
      {
        name: 'a part of a long message',
        body: inbound('END', { concat: 'true', 'concat-part': '2', 'concat-total': '2' }),
        receipts: [],
      },
      { name: 'a short code', body: inbound('STOP', { msisdn: '12345' }), receipts: [] },
    ],
  },
});
