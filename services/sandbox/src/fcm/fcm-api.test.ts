import { FCM_ACCOUNT, FcmClient } from '../testing/fcm-client';
import { startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

let sandbox: TestSandbox;
let fcm: FcmClient;
beforeAll(async () => {
  sandbox = await startTestSandbox({ fcm: FCM_ACCOUNT });
  fcm = new FcmClient(sandbox);
});
afterEach(() => {
  sandbox.store.clear();
  sandbox.behaviours.clear();
});
afterAll(() => sandbox.stop());

const ANDROID = {
  token: 'phone-1',
  notification: { title: 'Hi', body: 'Ada', image: 'https://example.com/i.png' },
  data: { order: '42' },
  android: {
    priority: 'HIGH',
    ttl: '60s',
    collapse_key: 'orders',
    notification: { channel_id: 'orders', icon: 'bag', color: '#3366ff', tag: 't', click_action: 'OPEN' },
  },
};

describe('messages:send', () => {
  it('keeps a message for Android as its device shows it', async () => {
    const { status, body } = await fcm.send(ANDROID);
    expect(status).toBe(200);
    expect(body.name).toMatch(/^projects\/shop-1\/messages\/\S+$/);
    const { items } = await sandbox.messages('channel=push&to=phone-1');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      channel: 'push',
      to: 'phone-1',
      from: 'shop-1',
      subject: 'Hi',
      text: 'Ada',
      html: null,
      status: 'shown',
      provider: 'fcm',
      platform: 'android',
      image: 'https://example.com/i.png',
      channelId: 'orders',
      icon: 'bag',
      color: '#3366ff',
      tag: 't',
      clickAction: 'OPEN',
      data: { order: '42' },
      collapseKey: 'orders',
      priority: 'high',
      ttlSeconds: 60,
      expiresAt: expect.any(String),
      messageId: body.name,
      subtitle: null,
      payload: ANDROID,
    });
  });

  it('keeps a message for iOS as its device shows it', async () => {
    const inAnHour = Math.floor(Date.now() / 1000) + 3600;
    await fcm.send({
      token: 'phone-2',
      data: { clickAction: 'shop://orders/42' },
      apns: {
        headers: { 'apns-priority': '5', 'apns-expiration': String(inAnHour), 'apns-collapse-id': 'orders' },
        payload: {
          aps: {
            alert: { title: 'Hi', subtitle: 'Order 42', body: 'Ada' },
            badge: 3,
            sound: 'default',
            category: 'ORDER',
            'thread-id': 'orders',
            'interruption-level': 'time-sensitive',
          },
          custom: 'x',
        },
        fcm_options: { image: 'https://example.com/i.png' },
      },
    });
    const { items } = await sandbox.messages('channel=push');
    expect(items[0]).toMatchObject({
      platform: 'ios',
      status: 'shown',
      title: 'Hi',
      subtitle: 'Order 42',
      body: 'Ada',
      badge: 3,
      sound: 'default',
      category: 'ORDER',
      threadId: 'orders',
      interruptionLevel: 'time-sensitive',
      image: 'https://example.com/i.png',
      clickAction: 'shop://orders/42',
      data: { clickAction: 'shop://orders/42', custom: 'x' },
      collapseKey: 'orders',
      priority: 'normal',
      expiresAt: new Date(inAnHour * 1000).toISOString(),
      channelId: null,
    });
  });

  it('calls silent what shows nothing', async () => {
    await fcm.send({ token: 'phone-1', data: { a: 'b' } });
    await fcm.send({ token: 'phone-2', apns: { payload: { aps: { 'content-available': 1 } } } });
    const { items } = await sandbox.messages('channel=push');
    expect(items.map(({ status, subject, text }) => ({ status, subject, text }))).toEqual([
      { status: 'silent', subject: null, text: '' },
      { status: 'silent', subject: null, text: '' },
    ]);
  });

  it.each([
    ['no token', { token: undefined }, 'message.token'],
    ['an empty token', { token: '' }, 'message.token'],
    ['a token with a space', { token: 'phone 1' }, 'message.token'],
    ['a long token', { token: 'x'.repeat(513) }, 'message.token'],
    ['data that is no text', { data: { order: 42 } }, 'message.data'],
    ['data under a name that FCM uses', { data: { 'google.sent': 'x' } }, 'message.data'],
    ['a time to live without unit', { android: { ttl: '60' } }, 'message.android.ttl'],
    ['a time to live that is too long', { android: { ttl: '2419201s' } }, 'message.android.ttl'],
    ['an odd priority', { android: { priority: 'urgent' } }, 'message.android.priority'],
    ['an odd colour', { android: { notification: { color: 'red' } } }, 'message.android.notification.color'],
    ['a field that FCM does not have', { android: { link: 'x' } }, 'message.android'],
    ['a field of every object', { android: { constructor: 'x' } }, 'message.android'],
    ['a header that is no text', { apns: { headers: { 'apns-priority': 5 } } }, 'message.apns.headers'],
    ['a long payload', { data: { a: 'x'.repeat(4096) } }, 'message'],
    ['a long payload for iOS', { apns: { payload: { aps: { alert: 'ä'.repeat(2048) } } } }, 'message'],
    ['a notification that is none', { notification: 'Hi' }, 'message.notification'],
  ])('refuses %s and names the field', async (_name, change, field) => {
    const { status, body } = await fcm.send({ ...ANDROID, ...change });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      code: 400,
      status: 'INVALID_ARGUMENT',
      details: [
        { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'INVALID_ARGUMENT' },
        { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field }] },
      ],
    });
    expect(sandbox.store.size).toBe(0);
  });

  it('takes a payload of exactly the limit', async () => {
    expect((await fcm.send({ token: 'phone-1', data: { a: 'x'.repeat(4095) } })).status).toBe(200);
    expect((await fcm.send({ token: 'phone-1', data: { a: 'x'.repeat(4096) } })).status).toBe(400);
  });

  it('refuses what is not a message', async () => {
    for (const message of [undefined, null, 'text', 7]) {
      expect((await fcm.send(message)).body.error.status).toBe('INVALID_ARGUMENT');
    }
  });

  it('knows devices that have removed the app', async () => {
    const { status, body } = await fcm.send({ ...ANDROID, token: 'dead-phone' });
    expect(status).toBe(404);
    expect(body.error).toEqual({
      code: 404,
      message: 'Requested entity was not found.',
      status: 'NOT_FOUND',
      details: [
        { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: 'UNREGISTERED' },
      ],
    });
    expect(sandbox.store.size).toBe(0);
  });

  it('checks without keeping when asked to', async () => {
    const response = await fcm.send(ANDROID, { validate_only: true });
    expect(response.status).toBe(200);
    expect(sandbox.store.size).toBe(0);
  });

  it('has nothing else', async () => {
    for (const path of ['/fcm/', '/fcm/v1/projects/shop-1/messages', '/fcm/token']) {
      expect((await fetch(sandbox.httpUrl + path)).status).toBe(404);
    }
  });
});

describe('behaviours of FCM', () => {
  const codeOf = (body: { error: { details?: { errorCode: string }[] } }) =>
    body.error.details?.[0]?.errorCode;

  it.each([
    [400, 'INVALID_ARGUMENT'],
    [401, 'THIRD_PARTY_AUTH_ERROR'],
    [403, 'SENDER_ID_MISMATCH'],
    [404, 'UNREGISTERED'],
    [429, 'QUOTA_EXCEEDED'],
    [500, 'INTERNAL'],
    [502, undefined],
    [503, 'UNAVAILABLE'],
  ])('fails with %i as FCM does', async (code, errorCode) => {
    await sandbox.behave({ channel: 'push', match: { provider: 'fcm' }, action: { type: 'fail', code } });
    const { status, body } = await fcm.send(ANDROID);
    expect(status).toBe(code);
    expect(body.error.code).toBe(code);
    expect(codeOf(body)).toBe(errorCode);
  });

  it('says when to come back', async () => {
    await sandbox.behave({
      channel: 'push',
      action: { type: 'throttle', perSecond: 1, retryAfterSeconds: 7 },
    });
    const token = await fcm.accessToken();
    const answers = await Promise.all(Array.from({ length: 5 }, () => fcm.send(ANDROID, { token })));
    const slowed = answers.filter(({ status }) => status === 429);
    expect(slowed.length).toBeGreaterThan(0);
    expect(slowed[0]?.headers.get('retry-after')).toBe('7');
  });

  it('goes by the token of the device, and leaves other doors alone', async () => {
    const fail = { type: 'fail', code: 503 };
    await sandbox.behave({ channel: 'push', match: { to: 'phone-9*' }, action: fail });
    await sandbox.behave({ channel: 'push', match: { provider: 'apns' }, action: fail });
    expect((await fcm.send(ANDROID)).status).toBe(200);
    expect((await fcm.send({ ...ANDROID, token: 'phone-99' })).status).toBe(503);
  });

  it('drops the connection with or without the message, or talks nonsense', async () => {
    const token = await fcm.accessToken();
    const action = { type: 'drop', at: 'after-data' };
    await sandbox.behave({ channel: 'push', action, times: 1 });
    await expect(fcm.send(ANDROID, { token })).rejects.toThrow();
    expect(sandbox.store.size).toBe(1);
    await sandbox.behave({ channel: 'push', action: { type: 'drop', at: 'data' }, times: 1 });
    await expect(fcm.send(ANDROID, { token })).rejects.toThrow();
    expect(sandbox.store.size).toBe(1);
    await sandbox.behave({ channel: 'push', action: { type: 'garbage' }, times: 1 });
    expect((await fcm.send(ANDROID, { token })).body).toMatch(/^<html>/);
  });
});
