import { type Reason } from '@herald/contracts';
import { type Receipt, type ReceiptRequest, type SmsMessage } from '@herald/delivery';
import { type SuppressionReason } from '@herald/domain';
import {
  describeProviderContract,
  type HttpReply,
  type OtherSide,
  refusedPort,
  startScriptedHttpServer,
} from '@herald/testing';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import { validateProviderConfig } from '../validate-provider-config';
import { type TwilioConfig, twilio } from './twilio';

const good: TwilioConfig = {
  accountSid: `AC${'0a'.repeat(16)}`,
  authToken: 'f'.repeat(32),
  from: '+15005550006',
};
const MG = `MG${'1b'.repeat(16)}`;

let counter = 0;
function message(): SmsMessage {
  counter += 1;
  return { to: '+4915112345678', body: `Hello ${counter} & goodbye` };
}

async function start(): Promise<OtherSide<'sms', TwilioConfig, HttpReply>> {
  const server = await startScriptedHttpServer();
  return {
    config: { ...good, apiBaseUrl: server.url },
    message,
    taken: () => server.arrivals.length,
    expectTaken: (sent) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({
        method: 'POST',
        path: `/2010-04-01/Accounts/${good.accountSid}/Messages.json`,
      });
      const basic = Buffer.from(`${good.accountSid}:${good.authToken}`).toString('base64');
      expect(arrival?.headers.authorization).toBe(`Basic ${basic}`);
      const form = Object.fromEntries(new URLSearchParams(arrival?.body));
      expect(form).toEqual({ To: sent.to, From: good.from, Body: sent.body });
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

const retry = { outcome: 'retry', reason: 'temporary_failure' } as const;
const slow = { outcome: 'retry', reason: 'rate_limited' } as const;
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const bounced = { outcome: 'permanent-address', reason: 'invalid_address', suppress: 'bounce' } as const;
const content = { outcome: 'permanent-content', reason: 'content_rejected' } as const;
const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;
const unknown = { outcome: 'ambiguous', reason: 'provider_unavailable' } as const;
const MINUTE = 60_000;

/** Each error code that the provider knows, and what follows. */
const byCode = [
  [halt, [20003, 20005, 20006, 20008, 20404, 21212, 21267, 21603, 21606, 21609, 21659]],
  [{ ...halt, ofMessage: true }, [21266, 21408, 21608, 21612]],
  [halt, [21660, 21661, 21703, 21705, 30002, 30010, 30034]],
  [bounced, [21211, 21265, 21268, 21614, 21635, 30005, 30006]],
  [{ outcome: 'permanent-address', reason: 'opted_out', suppress: 'opt_out' }, [21610]],
  [content, [21602, 21605, 21617, 30004, 30007]],
  [slow, [14107, 20429, 30022]],
  [{ ...slow, retryAfterMs: MINUTE }, [21611]],
  [{ ...slow, retryAfterMs: 60 * MINUTE }, [30023, 30027]],
  [unavailable, [20500, 20503]],
  [{ ...retry, retryAfterMs: MINUTE }, [30001]],
  [{ ...retry, retryAfterMs: 30 * MINUTE }, [30003]],
  [retry, [30008]],
] as const;

const errors = byCode.flatMap(([expected, codes]) =>
  codes.map((code) => ({
    name: String(code),
    reply: json(400, { code, message: 'in words', status: 400 }),
    expected: { ...expected, code: `twilio_${code}` },
  })),
);

const URL_GIVEN = 'https://edge.example.com/receipts/twilio/d1?t=abc';

function signed(body: Record<string, string>): ReceiptRequest {
  return {
    url: URL_GIVEN,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': getExpectedTwilioSignature(good.authToken, URL_GIVEN, body),
    },
    rawBody: Buffer.from(new URLSearchParams(body).toString()),
  };
}

const SID = `SM${'2c'.repeat(16)}`;
const status = (MessageStatus: string, ErrorCode?: string) => ({
  MessageStatus,
  MessageSid: SID,
  To: '+4915112345678',
  ...(ErrorCode && { ErrorCode }),
});
const inbound = (Body: string, more: Record<string, string> = {}) => ({
  MessageSid: SID,
  SmsStatus: 'received',
  From: '+4915112345678',
  To: '+15005550006',
  Body,
  ...more,
});
const consent = (optedOut: boolean): Receipt[] => [{ kind: 'consent', address: '+4915112345678', optedOut }];
const undelivered = (reason: Reason, code?: string, suppress?: SuppressionReason): Receipt[] => [
  {
    kind: 'state',
    state: 'undelivered',
    reason,
    ...(suppress && { suppress }),
    ...(code && { code: `twilio_${code}` }),
    providerMessageId: SID,
  },
];

describeProviderContract<'sms', TwilioConfig, HttpReply>({
  definition: twilio,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(twilio, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      'a number': good,
      'an alphanumeric sender': { ...good, from: 'My Shop 1' },
      'a short code': { ...good, from: '12345' },
      'a messaging service': { ...good, from: undefined, messagingServiceSid: MG },
      'both, and a sandbox': {
        ...good,
        messagingServiceSid: MG,
        apiBaseUrl: 'http://127.0.0.1:4010/twilio/',
      },
    },
    bad: [
      { name: 'a bad account', config: { ...good, accountSid: 'AC1' }, pointer: '/accountSid' },
      { name: 'no token', config: { ...good, authToken: undefined }, pointer: '/authToken' },
      {
        name: 'a token with a line break',
        config: { ...good, authToken: `${'f'.repeat(32)}\n` },
        pointer: '/authToken',
      },
      { name: 'no sender', config: { ...good, from: undefined }, pointer: '/from' },
      { name: 'a long sender', config: { ...good, from: 'A much too long name' }, pointer: '/from' },
      {
        name: 'a bad service',
        config: { ...good, messagingServiceSid: 'MG' },
        pointer: '/messagingServiceSid',
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
    accepted: json(201, { sid: SID, status: 'queued', num_segments: '1' }),
    errors: [
      ...errors,
      { name: '429', reply: json(429, {}), expected: { ...slow, code: 'http_429' } },
      {
        name: '429 with Retry-After',
        reply: json(429, { code: 20429 }, { 'retry-after': '7' }),
        expected: { ...slow, code: 'twilio_20429', retryAfterMs: 7000 },
      },
      {
        name: '503 with a date',
        reply: json(503, {}, { 'retry-after': new Date(Date.now() + 90_000).toUTCString() }),
        expected: { ...unavailable, code: 'http_503', retryAfterMs: { from: 30_000, to: 90_000 } },
      },
      { name: '500', reply: { status: 500, body: 'oops' }, expected: { ...unavailable, code: 'http_500' } },
      { name: '401', reply: json(401, {}), expected: { ...halt, code: 'http_401' } },
      { name: '403', reply: json(403, {}), expected: halt },
      { name: '404', reply: { status: 404, body: '<html>' }, expected: halt },
      { name: '408', reply: { status: 408 }, expected: retry },
      {
        name: 'an unknown code',
        reply: json(400, { code: 29999 }),
        expected: { ...content, code: 'twilio_29999' },
      },
      {
        name: 'a code of text',
        reply: json(400, { code: '20003' }),
        expected: { ...content, code: 'http_400' },
      },
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
      { name: '201 with nothing', reply: { status: 201 }, expected: unknown },
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
    signsUrl: true,
    withSignature: (request, change) => ({
      ...request,
      headers: {
        ...request.headers,
        'x-twilio-signature': change(String(request.headers['x-twilio-signature'])),
      },
    }),
    otherSecret: { ...good, authToken: 'e'.repeat(32) },
    examples: [
      {
        name: 'delivered',
        body: status('delivered'),
        receipts: [{ kind: 'state', state: 'delivered', providerMessageId: SID }],
      },
      {
        name: 'read',
        body: status('read'),
        receipts: [{ kind: 'state', state: 'delivered', providerMessageId: SID }],
      },
      {
        name: 'sent',
        body: status('sent'),
        receipts: [{ kind: 'state', state: 'sent', providerMessageId: SID }],
      },
      ...['accepted', 'scheduled', 'queued', 'sending', 'receiving', '', 'constructor'].map((name) => ({
        name: `${name || 'nothing'} says nothing`,
        body: status(name),
        receipts: [],
      })),
      ...(
        [
          ['21610', 'opted_out', 'opt_out'],
          ['30001', 'rate_limited'],
          ['30002', 'provider_misconfigured'],
          ['30003', 'unreachable'],
          ['30004', 'carrier_rejected'],
          ['30005', 'unreachable', 'bounce'],
          ['30006', 'unreachable', 'bounce'],
          ['30007', 'carrier_rejected'],
          ['30008', 'undelivered_unknown'],
          ['30034', 'carrier_rejected'],
        ] as const
      ).map(([code, reason, suppress]) => ({
        name: `undelivered: ${code}`,
        body: status('undelivered', code),
        receipts: undelivered(reason, code, suppress),
      })),
      { name: 'failed', body: status('failed', '30003'), receipts: undelivered('unreachable', '30003') },
      { name: 'undelivered', body: status('undelivered'), receipts: undelivered('undelivered_unknown') },
      { name: 'STOP', body: inbound('STOP'), receipts: consent(true) },
      { name: 'start', body: inbound(' start\n'), receipts: consent(false) },
      { name: 'a sentence with a keyword', body: inbound('please stop'), receipts: [] },
      {
        name: "the account's own word for STOP",
        body: inbound('Schluss', { OptOutType: 'STOP' }),
        receipts: consent(true),
      },
      {
        name: "the account's own word for START",
        body: inbound('END', { OptOutType: 'START' }),
        receipts: consent(false),
      },
      { name: 'HELP', body: inbound('STOP', { OptOutType: 'HELP' }), receipts: [] },
      { name: 'another channel', body: inbound('STOP', { From: 'whatsapp:+4915112345678' }), receipts: [] },
      {
        name: 'a status, which has our own number as From',
        body: { ...status('queued'), From: '+15005550006', Body: 'STOP' },
        receipts: [],
      },
      { name: 'an odd code', body: status('failed', 'x y'), receipts: undelivered('undelivered_unknown') },
    ],
  },
});
