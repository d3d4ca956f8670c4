import { createECDH } from 'node:crypto';
import { encrypt } from 'http_ece';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { postJson, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';
import type { PushSubscriptionJson } from './subscriptions';

interface Sender {
  publicKey: string;
  sign(claims: object): Promise<string>;
}

async function newSender(): Promise<Sender> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const { x = '', y = '' } = await exportJWK(publicKey);
  const point = [Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  return {
    publicKey: Buffer.concat(point).toString('base64url'),
    sign: (claims) => new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey),
  };
}

const inHours = (hours: number) => Math.floor(Date.now() / 1000) + hours * 3600;

describe('the web push service', () => {
  let sandbox: TestSandbox;
  let sender: Sender;

  const subscribe = async (body: object = { applicationServerKey: sender.publicKey }) => {
    const response = await postJson(`${sandbox.httpUrl}/webpush/subscriptions`, body);
    expect(response.status).toBe(201);
    return response.json() as Promise<PushSubscriptionJson>;
  };
  const sealed = ({ keys }: PushSubscriptionJson, text: string) => {
    const privateKey = createECDH('prime256v1');
    privateKey.generateKeys();
    const params = { version: 'aes128gcm' as const, privateKey, dh: keys.p256dh, authSecret: keys.auth };
    return encrypt(Buffer.from(text), params);
  };
  const vapid = async (claims: object = {}, by = sender) => {
    const all = { aud: sandbox.httpUrl, exp: inHours(12), sub: 'mailto:ops@example.com', ...claims };
    return `vapid t=${await by.sign(all)}, k=${by.publicKey}`;
  };
  const push = async (
    subscription: PushSubscriptionJson,
    headers: Record<string, string | undefined> = {},
    body: Buffer = sealed(subscription, '{"title":"Hi"}'),
  ) => {
    const all = { ttl: '60', 'content-encoding': 'aes128gcm', authorization: await vapid(), ...headers };
    const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return fetch(subscription.endpoint, { method: 'POST', headers: given, body: new Uint8Array(body) });
  };

  beforeAll(async () => {
    sandbox = await startTestSandbox();
    sender = await newSender();
  });
  beforeEach(() => {
    sandbox.store.clear();
    sandbox.behaviours.clear();
  });
  afterAll(() => sandbox.stop());

  it('gives a subscription as a browser does, and decrypts what comes for it', async () => {
    const subscription = await subscribe();
    expect(subscription).toEqual({
      endpoint: expect.stringContaining(`${sandbox.httpUrl}/webpush/push/`),
      expirationTime: null,
      keys: {
        p256dh: expect.stringMatching(/^[\w-]{87}$/),
        auth: expect.stringMatching(/^[\w-]{22}$/),
      },
    });
    const content = {
      title: 'Grüße',
      body: 'Da ist was',
      icon: 'https://x.test/i.png',
      url: 'https://x.test/orders/1',
      tag: 'orders',
      requireInteraction: true,
      actions: [{ action: 'open', title: 'Open' }],
      data: { order: 42 },
    };
    const payload = JSON.stringify(content);
    const headers = { urgency: 'high', topic: 'orders' };
    const response = await push(subscription, headers, sealed(subscription, payload));
    expect(response.status).toBe(201);
    const [message] = (await sandbox.messages('channel=webpush')).items;
    expect(response.headers.get('location')).toBe(`${sandbox.httpUrl}/webpush/message/${message.messageId}`);
    expect(message).toMatchObject({
      channel: 'webpush',
      to: subscription.endpoint,
      from: 'mailto:ops@example.com',
      subject: 'Grüße',
      text: 'Da ist was',
      html: null,
      status: 'shown',
      ...content,
      image: null,
      badge: null,
      silent: false,
      payload,
      ttlSeconds: 60,
      urgency: 'high',
      topic: 'orders',
      vapid: {
        publicKey: sender.publicKey,
        subject: 'mailto:ops@example.com',
        expiresAt: expect.any(String),
      },
    });
    const query = new URLSearchParams({ to: subscription.endpoint });
    expect((await sandbox.messages(query.toString())).items).toHaveLength(1);
  });

  it('takes what its browser cannot read, as it cannot know', async () => {
    const [one, other] = [await subscribe(), await subscribe()];
    expect((await push(one, {}, sealed(other, 'x'))).status).toBe(201);
    expect((await push(one, {}, Buffer.from('x'))).status).toBe(201);
    const { items } = await sandbox.messages();
    expect(items.map(({ status, payload }) => [status, payload])).toEqual([
      ['unreadable', null],
      ['unreadable', null],
    ]);
  });

  it('shows a payload that is no JSON as title', async () => {
    const subscription = await subscribe();
    for (const text of ['Just text', '[1]', 'null', '"x"']) {
      await push(subscription, {}, sealed(subscription, text));
    }
    const { items } = await sandbox.messages();
    expect(items.map(({ title }) => title)).toEqual(['"x"', 'null', null, 'Just text']);
  });

  it('has the same subscription for the same name, in one run or with the same seed', async () => {
    const first = sandbox.webpush.subscription('ada', sender.publicKey);
    expect(sandbox.webpush.subscription('ada', sender.publicKey)).toEqual(first);
    expect(await subscribe({ name: 'ada', applicationServerKey: sender.publicKey })).toEqual(first);
    expect(sandbox.webpush.subscription('ada').keys).not.toEqual(first.keys);
    expect(sandbox.webpush.subscription('grace', sender.publicKey).keys).not.toEqual(first.keys);
    const keys = [];
    for (let runs = 0; runs < 2; runs += 1) {
      const other = await startTestSandbox({ webpush: { seed: 'a-seed-of-the-tests' } });
      keys.push(other.webpush.subscription('ada').keys);
      await other.stop();
    }
    expect(keys[0]).toEqual(keys[1]);
    expect(keys[0]).not.toEqual(sandbox.webpush.subscription('ada').keys);
  });

  it('takes only messages of the key that a subscription was made with', async () => {
    const stranger = await newSender();
    const authorization = await vapid({}, stranger);
    expect((await push(await subscribe(), { authorization })).status).toBe(403);
    expect((await push(await subscribe({}), { authorization })).status).toBe(201);
  });

  it.each([
    ['no', () => undefined],
    ['another scheme', () => 'Bearer x'],
    ['half of a', () => 'vapid t=abc'],
    ['a key that is none in the', () => `vapid t=a.b.c, k=${Buffer.alloc(65, 4).toString('base64url')}`],
    ['a short key in the', () => 'vapid t=a.b.c, k=BA'],
    ['a token of another service in the', () => vapid({ aud: 'https://fcm.googleapis.com' })],
    ['an expired', () => vapid({ exp: inHours(-1) })],
    ['an endless', () => vapid({ exp: undefined })],
    ['a too long', () => vapid({ exp: inHours(25) })],
    ['a forged', async () => (await vapid()).replace(/k=.*/, `k=${(await newSender()).publicKey}`)],
  ])('asks who sends: %s authorization', async (_name, authorization) => {
    const response = await push(await subscribe({}), { authorization: await authorization() });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('vapid');
    expect(sandbox.store.size).toBe(0);
  });

  it.each([
    [400, { ttl: undefined }],
    [400, { ttl: '-1' }],
    [400, { urgency: 'soon' }],
    [400, { topic: 'x'.repeat(33) }],
    [415, { 'content-encoding': 'aesgcm' }],
    [415, { 'content-encoding': undefined }],
  ])('refuses with %i: %j', async (status, headers) => {
    expect((await push(await subscribe(), headers)).status).toBe(status);
  });

  it('takes 4,096 bytes', async () => {
    const subscription = await subscribe();
    const largest = sealed(subscription, 'x'.repeat(3993));
    expect(largest).toHaveLength(4096);
    expect((await push(subscription, {}, largest)).status).toBe(201);
    expect((await push(subscription, {}, sealed(subscription, 'x'.repeat(3994)))).status).toBe(413);
  });

  it('knows no endpoint but its own, and those that are gone', async () => {
    const subscription = await subscribe();
    const at = (endpoint: string) => push({ ...subscription, endpoint });
    expect((await at(subscription.endpoint.replace(/.$/, '_'))).status).toBe(404);
    expect((await at(`${subscription.endpoint}.x`)).status).toBe(404);
    expect((await at(`${sandbox.httpUrl}/webpush/push/`)).status).toBe(404);
    expect((await push(await subscribe({ name: 'gone-ada' }))).status).toBe(410);
    expect((await at(`${sandbox.httpUrl}/webpush/push/gone-`)).status).toBe(410);
    expect((await fetch(subscription.endpoint)).status).toBe(404);
  });

  it.each([
    { applicationServerKey: 'short' },
    { applicationServerKey: 7 },
    { name: '../x' },
    { name: '' },
    { name: 7 },
  ])('refuses to subscribe: %j', async (body) => {
    expect((await postJson(`${sandbox.httpUrl}/webpush/subscriptions`, body)).status).toBe(422);
  });

  it('refuses to subscribe with what is no JSON object', async () => {
    const init = { method: 'POST', body: '[' };
    expect((await fetch(`${sandbox.httpUrl}/webpush/subscriptions`, init)).status).toBe(400);
  });

  describe('misbehaving', () => {
    const behave = (action: object, match?: object) =>
      sandbox.behave({ channel: 'webpush', action, match, times: 1 });

    it('fails with a status and Retry-After, for one subscription too', async () => {
      const [one, other] = [await subscribe(), await subscribe()];
      await behave({ type: 'fail', code: 503, retryAfterSeconds: 5 }, { to: one.endpoint });
      expect((await push(other)).status).toBe(201);
      const response = await push(one);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
      expect((await push(one)).status).toBe(201);
    });

    it('throttles, delays, drops, hangs, and answers garbage', async () => {
      const subscription = await subscribe();
      const { id } = await sandbox.behave({
        channel: 'webpush',
        action: { type: 'throttle', perSecond: 0.01, retryAfterSeconds: 9 },
      });
      expect((await push(subscription)).status).toBe(201);
      const throttled = await push(subscription);
      expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '9']);
      await fetch(`${sandbox.httpUrl}/behaviours/${id}`, { method: 'DELETE' });
      await behave({ type: 'delay', ms: 20 });
      expect((await push(subscription)).status).toBe(201);
      for (const action of [{ type: 'drop' }, { type: 'garbage' }]) {
        await behave(action);
        await expect(push(subscription)).rejects.toThrow();
      }
      expect(sandbox.store.size).toBe(2);
      await behave({ type: 'drop', at: 'after-data' });
      await expect(push(subscription)).rejects.toThrow();
      expect(sandbox.store.size).toBe(3);
    });
  });

  it('tells the example page what to subscribe with', async () => {
    const options = async (of: TestSandbox) => (await fetch(`${of.httpUrl}/app/push/options`)).json();
    expect(await options(sandbox)).toEqual({ vapidPublicKey: null, api: null });
    const api = { url: 'http://127.0.0.1:3000', key: 'hk_live_x' };
    const other = await startTestSandbox({
      webpush: { vapidPublicKey: async () => sender.publicKey, api: () => api },
    });
    expect(await options(other)).toEqual({ vapidPublicKey: sender.publicKey, api });
    await other.stop();
  });
});
