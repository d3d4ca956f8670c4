import { generateKeyPairSync } from 'node:crypto';
import { APNS_ACCOUNT, ApnsClient } from '../testing/apns-client';
import { startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

let sandbox: TestSandbox;
let apns: ApnsClient;
beforeAll(async () => {
  sandbox = await startTestSandbox({ apns: APNS_ACCOUNT });
  apns = new ApnsClient(sandbox);
});
afterEach(() => {
  sandbox.store.clear();
  sandbox.behaviours.clear();
});
afterAll(() => sandbox.stop());

const TOKEN = 'a1b2'.repeat(16);
const HELLO = { aps: { alert: { title: 'Hi', body: 'Ada' } } };
const ID = '01900000-0000-7000-8000-000000000001';
const now = () => Math.floor(Date.now() / 1000);

it('keeps a message as its device shows it, and hands its id back', async () => {
  const payload = {
    aps: {
      alert: { title: 'Hi', subtitle: 'S', body: 'Ada' },
      badge: 3,
      sound: { critical: 1, name: 'chime.caf', volume: 1 },
      category: 'c',
      'thread-id': 't',
      'interruption-level': 'critical',
    },
    order: '42',
    clickAction: 'shop://orders/42',
    image: 'https://example.com/i.png',
  };
  const answer = await apns.send(TOKEN, payload, {
    'apns-id': ID,
    'apns-priority': '5',
    'apns-collapse-id': 'orders',
    'apns-expiration': String(now() + 60),
  });
  expect([answer.status, answer.headers['apns-id'], answer.body]).toEqual([200, ID, {}]);
  const { items } = await sandbox.messages(`channel=push&to=${TOKEN}`);
  expect(items).toMatchObject([
    {
      provider: 'apns',
      platform: 'ios',
      from: APNS_ACCOUNT.topic,
      status: 'shown',
      subject: 'Hi',
      subtitle: 'S',
      text: 'Ada',
      badge: 3,
      sound: 'chime.caf',
      category: 'c',
      threadId: 't',
      interruptionLevel: 'critical',
      priority: 'normal',
      collapseKey: 'orders',
      clickAction: 'shop://orders/42',
      image: 'https://example.com/i.png',
      data: { order: '42' },
      messageId: ID,
    },
  ]);
  expect(Math.abs(items[0].ttlSeconds - 60)).toBeLessThan(5);
});

it('knows a message that shows nothing', async () => {
  const headers = { 'apns-push-type': 'background', 'apns-priority': '5' };
  await apns.send(TOKEN, { aps: { 'content-available': 1 }, sync: 'inbox' }, headers);
  expect((await sandbox.messages('channel=push')).items).toMatchObject([
    { status: 'silent', data: { sync: 'inbox' } },
  ]);
});

it.each<[string, string, Record<string, string | undefined>, unknown, number, string]>([
  [
    'a topic of another app',
    TOKEN,
    { 'apns-topic': 'com.example.other' },
    HELLO,
    400,
    'DeviceTokenNotForTopic',
  ],
  ['no topic', TOKEN, { 'apns-topic': undefined }, HELLO, 400, 'MissingTopic'],
  ['an id that is none', TOKEN, { 'apns-id': '42' }, HELLO, 400, 'BadMessageId'],
  ['a priority of its own', TOKEN, { 'apns-priority': '7' }, HELLO, 400, 'BadPriority'],
  [
    'a background push in a hurry',
    TOKEN,
    { 'apns-push-type': 'background', 'apns-priority': '10' },
    HELLO,
    400,
    'BadPriority',
  ],
  ['an unknown type', TOKEN, { 'apns-push-type': 'shout' }, HELLO, 400, 'InvalidPushType'],
  ['an end that is no time', TOKEN, { 'apns-expiration': 'soon' }, HELLO, 400, 'BadExpirationDate'],
  ['a long collapse id', TOKEN, { 'apns-collapse-id': 'x'.repeat(65) }, HELLO, 400, 'BadCollapseId'],
  ['a token that is not hexadecimal', 'no-token', {}, HELLO, 400, 'BadDeviceToken'],
  ['another path', TOKEN, { ':path': '/4/device/a1' }, HELLO, 404, 'BadPath'],
  ['another method', TOKEN, { ':method': 'PUT' }, HELLO, 405, 'MethodNotAllowed'],
  ['an empty body', TOKEN, {}, '', 400, 'PayloadEmpty'],
  ['a body that is no object', TOKEN, {}, '[1]', 400, 'PayloadEmpty'],
  ['a payload over 4,096 bytes', TOKEN, {}, { aps: {}, x: 'x'.repeat(4096) }, 413, 'PayloadTooLarge'],
  ['no provider token', TOKEN, { authorization: undefined }, HELLO, 403, 'MissingProviderToken'],
  ['a provider token that is none', TOKEN, { authorization: 'bearer x' }, HELLO, 403, 'InvalidProviderToken'],
])('refuses %s', async (_name, token, headers, payload, status, reason) => {
  const answer = await apns.send(token, payload, headers);
  expect([answer.status, answer.body.reason]).toEqual([status, reason]);
  expect(sandbox.store.size).toBe(0);
});

it.each<[string, Parameters<ApnsClient['token']>[0], string]>([
  ['of an unknown key', { kid: 'XXXXX12345' }, 'InvalidProviderToken'],
  ['of another team', { iss: 'OTHER12345' }, 'InvalidProviderToken'],
  [
    'signed with another key',
    {
      key: generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
        .privateKey.export({ format: 'pem', type: 'pkcs8' })
        .toString(),
    },
    'InvalidProviderToken',
  ],
  ['over an hour old', { iat: Math.floor(Date.now() / 1000) - 3700 }, 'ExpiredProviderToken'],
  ['of tomorrow', { iat: Math.floor(Date.now() / 1000) + 86_400 }, 'InvalidProviderToken'],
])('refuses a provider token %s', async (_name, over, reason) => {
  const authorization = `bearer ${await apns.token(over)}`;
  const answer = await apns.send(TOKEN, HELLO, { authorization });
  expect([answer.status, answer.body.reason]).toEqual([403, reason]);
});

it('says of a device that removed the app since when', async () => {
  const before = Date.now();
  const { status, body } = await apns.send(`dead${'0'.repeat(60)}`, HELLO);
  expect([status, body.reason]).toEqual([410, 'Unregistered']);
  expect(body.timestamp).toBeGreaterThanOrEqual(before);
});

describe('a rule', () => {
  const rule = (action: object) => sandbox.behave({ channel: 'push', match: { provider: 'apns' }, action });

  it.each([
    [503, 'ServiceUnavailable'],
    [500, 'InternalServerError'],
    [429, 'TooManyRequests'],
    [410, 'Unregistered'],
  ])('makes it answer %s', async (code, reason) => {
    await rule({ type: 'fail', code, retryAfterSeconds: 7 });
    const { status, headers, body } = await apns.send(TOKEN, HELLO);
    expect([status, headers['retry-after'], body.reason]).toEqual([code, '7', reason]);
    expect(sandbox.store.size).toBe(0);
  });

  it('makes it answer late, with nonsense, or not at all', async () => {
    await rule({ type: 'delay', ms: 20 });
    expect((await apns.send(TOKEN, HELLO)).status).toBe(200);
    sandbox.behaviours.clear();
    await rule({ type: 'garbage' });
    const garbage = await apns.send(TOKEN, HELLO);
    expect([garbage.status, garbage.headers['apns-id']]).toEqual([200, undefined]);
    sandbox.behaviours.clear();
    await rule({ type: 'drop', at: 'after-data' });
    await expect(apns.send(TOKEN, HELLO)).rejects.toThrow();
    expect(sandbox.store.size).toBe(2);
  });

  it('makes it ask to slow down', async () => {
    await rule({ type: 'throttle', perSecond: 0.01, retryAfterSeconds: 3 });
    expect((await apns.send(TOKEN, HELLO)).status).toBe(200);
    const { status, headers } = await apns.send(TOKEN, HELLO);
    expect([status, headers['retry-after']]).toEqual([429, '3']);
  });
});

it('gives away the file of its key, as Apple does once', async () => {
  const file = await (await fetch(`${sandbox.httpUrl}/apns/key.p8`)).text();
  expect(file).toBe(sandbox.apns!.privateKey);
  expect(file).toMatch(/^-----BEGIN PRIVATE KEY-----/);
});
