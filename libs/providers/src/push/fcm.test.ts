import { type Platform, type PushContentDto } from '@herald/contracts';
import { type PushMessage } from '@herald/delivery';
import { createGuardedDispatcher } from '@herald/platform';
import { type Sandbox, startSandbox } from '@herald/sandbox';
import {
  expectOutcome,
  providerDeps,
  type ScriptedHttpServer,
  sendContext,
  startScriptedHttpServer,
} from '@herald/testing';
import { type FcmConfig, fcm } from './fcm';

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The provider against the server that a newcomer tries it with. */
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    httpPort: 0,
    smtpPort: 0,
    twilio: { accounts: [] },
    fcm: { projectId: 'shop-1', clientEmail: 'herald@shop-1.iam.gserviceaccount.com' },
    webhookSecrets: () => [],
    logger,
  });
});
afterEach(() => {
  sandbox.store.clear();
  sandbox.behaviours.clear();
});
afterAll(() => sandbox.stop());

const deps = providerDeps();
afterAll(() => deps.guardedDispatcher.destroy());

const access = () => {
  if (!sandbox.fcm) throw new Error('the sandbox has no FCM');
  return sandbox.fcm;
};
const config = (): FcmConfig => ({
  serviceAccount: access().serviceAccount(),
  platforms: ['android', 'ios'],
  apiBaseUrl: access().apiBaseUrl(),
});
const message = (more: Partial<PushMessage> = {}): PushMessage => ({
  platform: 'android',
  token: 'phone-1',
  content: { title: 'Hi', body: 'Ada' },
  ...more,
});
async function send(more: Partial<PushMessage> = {}, configured: FcmConfig = config()) {
  const provider = await fcm.open(configured, deps);
  const outcome = await provider.send(message(more), sendContext());
  await provider.close();
  return outcome;
}
async function newest(): Promise<Record<string, unknown>> {
  const [stored] = [...sandbox.store.newestFirst()];
  return { ...(await stored?.message.fields()) };
}

describe('FCM against its sandbox', () => {
  const content: PushContentDto = {
    title: 'Your order',
    body: 'is on its way',
    image: 'https://example.com/i.png',
    badge: 3,
    clickAction: 'shop://orders/42',
    data: { order: '42' },
    collapseKey: 'order-42',
    ttlSeconds: 600,
    ios: { subtitle: 'Order 42', threadId: 'orders', interruptionLevel: 'time-sensitive' },
    android: { channelId: 'orders', color: '#3366ff', tag: 'order-42' },
  };
  const common = {
    to: 'phone-1',
    from: 'shop-1',
    provider: 'fcm',
    status: 'shown',
    title: 'Your order',
    body: 'is on its way',
    image: 'https://example.com/i.png',
    badge: 3,
    clickAction: 'shop://orders/42',
    data: { order: '42', clickAction: 'shop://orders/42' },
    collapseKey: 'order-42',
    priority: 'high',
  };

  it.each<[Platform, object]>([
    ['android', { channelId: 'orders', color: '#3366ff', tag: 'order-42', ttlSeconds: 600, subtitle: null }],
    [
      'ios',
      { subtitle: 'Order 42', threadId: 'orders', interruptionLevel: 'time-sensitive', channelId: null },
    ],
  ])('arrives on %s', async (platform, own) => {
    const outcome = await send({ platform, content });
    const shown = await newest();
    expect(shown).toMatchObject({ ...common, platform, ...own });
    expect(outcome).toEqual({ outcome: 'accepted', providerMessageId: shown.messageId });
    expect(shown.messageId).toMatch(/^projects\/shop-1\/messages\//);
  });

  it.each<Platform>(['android', 'ios'])('arrives silently on %s', async (platform) => {
    await send({ platform, content: { data: { sync: 'now' } } });
    expect(await newest()).toMatchObject({ status: 'silent', platform, title: null, data: { sync: 'now' } });
  });

  it('hears of a device that is gone since now', async () => {
    const before = Date.now();
    const outcome = await send({ token: 'dead-phone' });
    expectOutcome(outcome, {
      outcome: 'permanent-address',
      reason: 'unregistered',
      suppress: 'unregistered',
      code: 'fcm_UNREGISTERED',
    });
    const { goneSince = 0 } = outcome as { goneSince?: number };
    expect(goneSince).toBeGreaterThanOrEqual(before);
    expect(goneSince).toBeLessThanOrEqual(Date.now());
  });

  it('hears of a token that is none', async () => {
    const invalid = {
      outcome: 'permanent-address',
      reason: 'invalid_address',
      suppress: 'unregistered',
    } as const;
    for (const token of ['x'.repeat(600), 'phone 1']) expectOutcome(await send({ token }), invalid);
  });

  it.each([
    [400, { outcome: 'permanent-content', reason: 'content_rejected', code: 'fcm_INVALID_ARGUMENT' }],
    [401, { outcome: 'config-halt', reason: 'provider_misconfigured', code: 'fcm_THIRD_PARTY_AUTH_ERROR' }],
    [
      403,
      {
        outcome: 'config-halt',
        reason: 'provider_misconfigured',
        ofMessage: true,
        code: 'fcm_SENDER_ID_MISMATCH',
      },
    ],
    [429, { outcome: 'retry', reason: 'rate_limited', code: 'fcm_QUOTA_EXCEEDED', retryAfterMs: 60_000 }],
    [500, { outcome: 'retry', reason: 'provider_unavailable', code: 'fcm_INTERNAL' }],
    [503, { outcome: 'retry', reason: 'provider_unavailable', code: 'fcm_UNAVAILABLE' }],
  ] as const)('hears %i', async (code, expected) => {
    sandbox.behaviours.add({ channel: 'push', action: { type: 'fail', code, at: 'data' } });
    expectOutcome(await send(), expected);
  });

  it('hears when to come back', async () => {
    const action = { type: 'fail', code: 503, at: 'data', retryAfterSeconds: 7 } as const;
    sandbox.behaviours.add({ channel: 'push', action });
    expect(await send()).toMatchObject({ outcome: 'retry', retryAfterMs: 7000 });
  });

  it('does not know of a message whose answer was lost', async () => {
    sandbox.behaviours.add({ channel: 'push', action: { type: 'drop', at: 'after-data' } });
    expectOutcome(await send(), { outcome: 'ambiguous', reason: 'timed_out', code: /^http_/ });
    expect(sandbox.store.size).toBe(1);
  });

  it.each<[Platform, PushContentDto, PushContentDto, number]>([
    ['android', { data: { a: 'x'.repeat(4095) } }, { data: { a: 'x'.repeat(4096) } }, 4097],
    ['ios', { body: 'ä'.repeat(2033) }, { body: 'ä'.repeat(2034) }, 4097],
  ])('sends what just fits on %s, and nothing that does not', async (platform, fits, tooLong, bytes) => {
    expect((await send({ platform, content: fits })).outcome).toBe('accepted');
    const outcome = await send({ platform, content: tooLong });
    const code = 'fcm_payload_too_large';
    expectOutcome(outcome, { outcome: 'permanent-content', reason: 'content_rejected', code });
    expect(outcome.detail).toBe(`The payload has ${bytes} bytes; FCM takes 4096.`);
    expect(sandbox.store.size).toBe(1);
  });

  it('gets a new access token when the old one is refused, and loses no message by it', async () => {
    const provider = await fcm.open(config(), deps);
    expect((await provider.send(message(), sendContext())).outcome).toBe('accepted');
    access().revokeTokens();
    const sends = Array.from({ length: 10 }, () => provider.send(message(), sendContext()));
    for (const { outcome } of await Promise.all(sends)) expect(outcome).toBe('accepted');
    expect(sandbox.store.size).toBe(11);
    await provider.close();
  });

  it('is told by Google that the account is another', async () => {
    const serviceAccount = JSON.stringify({
      ...(JSON.parse(access().serviceAccount()) as object),
      client_email: 'stranger@shop-1.iam.gserviceaccount.com',
    });
    expectOutcome(await send({}, { ...config(), serviceAccount }), {
      outcome: 'config-halt',
      reason: 'provider_misconfigured',
      code: 'google_token_invalid_grant',
    });
  });
});

describe('FCM', () => {
  it('carries the platforms it was given: those of Android unless told otherwise', () => {
    const carries = (platform: Platform, platforms?: Platform[]) =>
      fcm.carries?.(message({ platform }), { serviceAccount: '', platforms });
    expect([carries('android'), carries('ios')]).toEqual([true, false]);
    expect([carries('android', ['ios']), carries('ios', ['ios'])]).toEqual([false, true]);
    expect([carries('android', ['android', 'ios']), carries('ios', ['android', 'ios'])]).toEqual([
      true,
      true,
    ]);
  });

  describe('and its access token', () => {
    let google: ScriptedHttpServer;
    let server: ScriptedHttpServer;
    beforeEach(async () => {
      google = await startScriptedHttpServer();
      google.reply({ status: 200, body: JSON.stringify({ access_token: 'one', expires_in: 3599 }) });
      server = await startScriptedHttpServer();
      server.reply({ status: 200, body: JSON.stringify({ name: 'projects/shop-1/messages/1' }) });
    });
    afterEach(async () => {
      await google.close();
      await server.close();
    });
    const scripted = (): FcmConfig => ({
      serviceAccount: JSON.stringify({
        ...(JSON.parse(access().serviceAccount()) as object),
        token_uri: google.url,
      }),
      apiBaseUrl: server.url,
    });

    it('asks for one for many messages', async () => {
      const provider = await fcm.open(scripted(), deps);
      const many = () => Array.from({ length: 20 }, () => provider.send(message(), sendContext()));
      await Promise.all(many());
      await Promise.all(many());
      expect(google.arrivals).toHaveLength(1);
      expect(server.arrivals).toHaveLength(40);
      await provider.close();
    });

    it('renews a refused one once, and then says that the account may not send', async () => {
      server.reply({
        status: 401,
        body: JSON.stringify({ error: { code: 401, status: 'UNAUTHENTICATED' } }),
      });
      expectOutcome(await send({}, scripted()), {
        outcome: 'config-halt',
        reason: 'provider_misconfigured',
        code: 'http_401',
      });
      expect([google.arrivals.length, server.arrivals.length]).toEqual([2, 2]);
    });

    it('keeps one that is not what a 401 is about', async () => {
      const details = [
        {
          '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError',
          errorCode: 'THIRD_PARTY_AUTH_ERROR',
        },
      ];
      server.reply({ status: 401, body: JSON.stringify({ error: { code: 401, details } }) });
      expect((await send({}, scripted())).outcome).toBe('config-halt');
      expect([google.arrivals.length, server.arrivals.length]).toEqual([1, 1]);
    });

    it('sends nothing without one, and is in no doubt about it', async () => {
      google.fail('dropped');
      expect(await send({}, scripted())).toMatchObject({ outcome: 'retry', reason: 'provider_unavailable' });
      expect(server.arrivals).toEqual([]);
    });

    it('does not ask for one inside the internal network', async () => {
      const guarded = createGuardedDispatcher({
        allow: [],
        connectTimeoutMs: 1000,
        headersTimeoutMs: 1000,
        bodyTimeoutMs: 1000,
      });
      const provider = await fcm.open(
        { ...scripted(), apiBaseUrl: undefined },
        { ...deps, guardedDispatcher: guarded },
      );
      expect(await provider.send(message(), sendContext())).toMatchObject({
        outcome: 'config-halt',
        code: 'forbidden_address',
      });
      expect(google.arrivals).toEqual([]);
      await provider.close();
      await guarded.destroy();
    });
  });

  it('does not follow a base URL into the internal network', async () => {
    const guarded = createGuardedDispatcher({
      allow: [],
      connectTimeoutMs: 1000,
      headersTimeoutMs: 1000,
      bodyTimeoutMs: 1000,
    });
    const provider = await fcm.open(config(), { ...deps, guardedDispatcher: guarded });
    expect(await provider.send(message(), sendContext())).toMatchObject({
      outcome: 'config-halt',
      code: 'forbidden_address',
    });
    expect(sandbox.store.size).toBe(0);
    await provider.close();
    await guarded.destroy();
  });
});
