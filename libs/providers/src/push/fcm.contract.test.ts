import { generateKeyPairSync } from 'node:crypto';
import { type PushMessage } from '@herald/delivery';
import {
  describeProviderContract,
  type HttpReply,
  type OtherSide,
  refusedPort,
  startScriptedHttpServer,
} from '@herald/testing';
import { validateProviderConfig } from '../validate-provider-config';
import { type FcmConfig, fcm } from './fcm';

const pem = (bits: number) =>
  generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ format: 'pem', type: 'pkcs8' });
const ecPem = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({
  format: 'pem',
  type: 'pkcs8',
});
const file = {
  type: 'service_account',
  project_id: 'shop-1',
  private_key_id: 'k1',
  private_key: pem(2048),
  client_email: 'herald@shop-1.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
};
const good: FcmConfig = { serviceAccount: JSON.stringify(file) };
const withFile = (change: object): FcmConfig => ({ serviceAccount: JSON.stringify({ ...file, ...change }) });

let counter = 0;
function message(): PushMessage {
  counter += 1;
  return {
    platform: 'android',
    token: `phone-${counter}`,
    content: { title: `Hello ${counter}`, body: 'Ada', data: { order: '42' } },
  };
}

async function start(): Promise<OtherSide<'push', FcmConfig, HttpReply>> {
  const server = await startScriptedHttpServer();
  const google = await startScriptedHttpServer();
  google.reply({ status: 200, body: JSON.stringify({ access_token: 'ya29.token', expires_in: 3599 }) });
  return {
    config: { ...withFile({ token_uri: google.url }), apiBaseUrl: `${server.url}/base/` },
    message,
    taken: () => server.arrivals.length,
    expectTaken: (sent) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({
        method: 'POST',
        path: '/base/v1/projects/shop-1/messages:send',
        headers: { authorization: 'Bearer ya29.token', 'content-type': 'application/json' },
      });
      expect(JSON.parse(arrival?.body ?? '')).toEqual({
        message: {
          token: sent.token,
          notification: { title: sent.content.title, body: 'Ada' },
          data: { order: '42' },
          android: { priority: 'HIGH', notification: {} },
        },
      });
    },
    reply: server.reply,
    fail: server.fail,
    babble: server.babble,
    // To each host for itself: the limit is one of a host.
    connections: () => Math.max(server.connections(), google.connections()),
    close: async () => {
      await server.close();
      await google.close();
    },
  };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): HttpReply => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const coded = (errorCode: unknown) => ({ '@type': FCM_ERROR, errorCode });
const naming = (...fields: string[]) => ({
  '@type': BAD_REQUEST,
  fieldViolations: fields.map((field) => ({ field, description: 'in words' })),
});
const refused = (status: number, details: unknown, text = 'in words', headers: Record<string, string> = {}) =>
  json(status, { error: { code: status, message: text, status: 'SOME', details } }, headers);

const slow = { outcome: 'retry', reason: 'rate_limited', retryAfterMs: 60_000 } as const;
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const gone = {
  outcome: 'permanent-address',
  reason: 'unregistered',
  suppress: 'unregistered',
  code: 'fcm_UNREGISTERED',
} as const;
const badToken = { ...gone, reason: 'invalid_address', code: 'fcm_INVALID_ARGUMENT' } as const;
const content = { outcome: 'permanent-content', reason: 'content_rejected' } as const;
const badContent = { ...content, code: 'fcm_INVALID_ARGUMENT' } as const;
const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;
const unknown = { outcome: 'ambiguous', reason: 'provider_unavailable' } as const;

/** Google's example for a bad token. */
const NOT_A_TOKEN = 'The registration token is not a valid FCM registration token';

const byStatus = [
  [halt, [401, 403, 404, 405]],
  [content, [400, 413, 422]],
  [{ outcome: 'retry', reason: 'temporary_failure' }, [408]],
  [slow, [429]],
  [unavailable, [500, 502, 503, 504]],
] as const;
const errors = byStatus.flatMap(([expected, statuses]) =>
  statuses.map((status) => ({
    name: `${status} without an error of FCM`,
    reply: refused(status, []),
    expected: { ...expected, code: `http_${status}` },
  })),
);

describeProviderContract<'push', FcmConfig, HttpReply>({
  definition: fcm,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(fcm, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      'a key file': good,
      'for both platforms, and a sandbox': {
        ...good,
        platforms: ['android', 'ios'],
        apiBaseUrl: 'http://127.0.0.1:4010/fcm/',
      },
      'for iOS alone': { ...good, platforms: ['ios'] },
      'a project of a domain': withFile({ project_id: 'example.com:shop' }),
      'a key without id': withFile({ private_key_id: undefined }),
      'a token endpoint over http': withFile({ token_uri: 'http://127.0.0.1:4010/fcm/token' }),
    },
    bad: [
      { name: 'nothing', config: {}, pointer: '/serviceAccount' },
      { name: 'a key file that is no text', config: { serviceAccount: file }, pointer: '/serviceAccount' },
      ...[
        ['no JSON', { serviceAccount: 'herald' }],
        ['JSON that is no object', { serviceAccount: 'null' }],
        ['a list', { serviceAccount: '[]' }],
        ['a file without project', withFile({ project_id: undefined })],
        ['a file with an odd project', withFile({ project_id: 'a/b' })],
        ['a file without address', withFile({ client_email: undefined })],
        ['a file with an odd address', withFile({ client_email: 'herald' })],
        ['a file without key', withFile({ private_key: undefined })],
        ['a file with a key that is none', withFile({ private_key: 'secret' })],
        ['a file with a key of another kind', withFile({ private_key: ecPem })],
        ['a file with a short key', withFile({ private_key: pem(1024) })],
        ['a file without token endpoint', withFile({ token_uri: undefined })],
        ['a file with an odd token endpoint', withFile({ token_uri: 'file:///etc/passwd' })],
        ['a file with a token endpoint with a login', withFile({ token_uri: 'https://a:b@example.com' })],
        ['a long file', withFile({ more: 'x'.repeat(16_384) })],
      ].map(([name, config]) => ({ name: String(name), config, pointer: '/serviceAccount' })),
      { name: 'no platform', config: { ...good, platforms: [] }, pointer: '/platforms' },
      { name: 'another platform', config: { ...good, platforms: ['windows'] }, pointer: '/platforms' },
      { name: 'a platform twice', config: { ...good, platforms: ['ios', 'ios'] }, pointer: '/platforms' },
      { name: 'a platform alone', config: { ...good, platforms: 'ios' }, pointer: '/platforms' },
      { name: 'a bad URL', config: { ...good, apiBaseUrl: 'ftp://x' }, pointer: '/apiBaseUrl' },
    ],
  },
  remote: {
    start,
    refused: async () => {
      const url = `http://127.0.0.1:${await refusedPort()}`;
      return { config: { ...withFile({ token_uri: url }), apiBaseUrl: url }, message: message() };
    },
    accepted: json(200, { name: 'projects/shop-1/messages/0:1' }),
    errors: [
      ...errors,
      { name: 'UNREGISTERED', reply: refused(404, [coded('UNREGISTERED')]), expected: gone },
      {
        name: 'SENDER_ID_MISMATCH',
        reply: refused(403, [coded('SENDER_ID_MISMATCH')]),
        expected: { ...halt, ofMessage: true, code: 'fcm_SENDER_ID_MISMATCH' },
      },
      {
        name: 'THIRD_PARTY_AUTH_ERROR',
        reply: refused(401, [coded('THIRD_PARTY_AUTH_ERROR')]),
        expected: { ...halt, code: 'fcm_THIRD_PARTY_AUTH_ERROR' },
      },
      {
        name: 'QUOTA_EXCEEDED without a time',
        reply: refused(429, [coded('QUOTA_EXCEEDED')]),
        expected: { ...slow, code: 'fcm_QUOTA_EXCEEDED' },
      },
      {
        name: 'QUOTA_EXCEEDED with Retry-After',
        reply: refused(429, [coded('QUOTA_EXCEEDED')], 'slower', { 'retry-after': '7' }),
        expected: { ...slow, code: 'fcm_QUOTA_EXCEEDED', retryAfterMs: 7000 },
      },
      {
        name: 'UNAVAILABLE with a date',
        reply: refused(503, [coded('UNAVAILABLE')], 'later', {
          'retry-after': new Date(Date.now() + 90_000).toUTCString(),
        }),
        expected: { ...unavailable, code: 'fcm_UNAVAILABLE', retryAfterMs: { from: 30_000, to: 90_000 } },
      },
      {
        name: 'INTERNAL',
        reply: refused(500, [coded('INTERNAL')]),
        expected: { ...unavailable, code: 'fcm_INTERNAL' },
      },
      {
        name: 'an unknown code',
        reply: refused(400, [coded('TOO_PURPLE')]),
        expected: { ...content, code: 'fcm_TOO_PURPLE' },
      },
      {
        name: 'a bad token that is named',
        reply: refused(400, [coded('INVALID_ARGUMENT'), naming('message.token')]),
        expected: badToken,
      },
      {
        name: "a bad token in Google's words",
        reply: refused(400, [coded('INVALID_ARGUMENT')], NOT_A_TOKEN),
        expected: badToken,
      },
      {
        name: 'the words beside another field',
        reply: refused(400, [coded('INVALID_ARGUMENT'), naming('message.data')], NOT_A_TOKEN),
        expected: badContent,
      },
      { name: 'the words without a code', reply: refused(400, [], NOT_A_TOKEN), expected: content },
      {
        name: 'the words under another status',
        reply: refused(403, [coded('INVALID_ARGUMENT')], NOT_A_TOKEN),
        expected: badContent,
      },
      {
        name: 'a bad field beside the token',
        reply: refused(400, [coded('INVALID_ARGUMENT'), naming('message.token', 'message.data')]),
        expected: badContent,
      },
      {
        name: 'a bad field',
        reply: refused(400, [naming('message.data[0].value')]),
        expected: { ...content, code: 'http_400' },
      },
      {
        name: 'INVALID_ARGUMENT in other words',
        reply: refused(400, [coded('INVALID_ARGUMENT')], 'Android message is too big'),
        expected: badContent,
      },
      {
        name: 'an odd code',
        reply: refused(400, [coded('x y')]),
        expected: { ...content, code: 'http_400' },
      },
      { name: 'a code that is no text', reply: refused(404, [coded(7)]), expected: halt },
      {
        name: 'details of no kind',
        reply: refused(400, [null, 7, 'x', [], { '@type': BAD_REQUEST, fieldViolations: 'x' }]),
        expected: content,
      },
      {
        name: 'violations of no kind',
        reply: refused(400, [{ '@type': BAD_REQUEST, fieldViolations: [null, 7] }]),
        expected: content,
      },
      { name: 'no list of details', reply: refused(400, 'x'), expected: content },
      { name: 'an error that is a text', reply: json(400, { error: 'no' }), expected: content },
      { name: '400 with null', reply: json(400, null), expected: content },
      { name: '404 with HTML', reply: { status: 404, body: '<html>' }, expected: halt },
      { name: '500 with HTML', reply: { status: 500, body: '<html>' }, expected: unavailable },
      { name: 'a redirect', reply: { status: 302, headers: { location: '/' } }, expected: halt },
      {
        name: '200 with HTML',
        reply: { status: 200, body: '<html>' },
        expected: { ...unknown, code: 'http_200' },
      },
      { name: '200 without name', reply: json(200, { name: '' }), expected: unknown },
      { name: '200 with null', reply: json(200, null), expected: unknown },
      { name: '204', reply: { status: 204 }, expected: unknown },
    ],
    faults: {
      silent: { outcome: 'ambiguous', reason: 'timed_out', code: 'http_UND_ERR_HEADERS_TIMEOUT' },
      dropped: { outcome: 'ambiguous', reason: 'timed_out', code: /^http_/ },
      garbage: { ...unknown, code: 'http_HTTPParserError' },
    },
  },
});
