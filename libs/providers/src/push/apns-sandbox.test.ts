import { type PushMessage } from '@herald/delivery';
import { type BehaviourRule, type Sandbox, startSandbox } from '@herald/sandbox';
import { expectOutcome, providerDeps, sendContext } from '@herald/testing';
import { type ApnsConfig, apns } from './apns';

const account = { keyId: '2X9R4HXF34', teamId: '8YL3GNV826', topic: 'com.example.shop' };
const DEAD = `dead${'0'.repeat(60)}`;

/** Against the server that a newcomer tries it with. */
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    httpPort: 0,
    smtpPort: 0,
    twilio: { accounts: [] },
    apns: { port: 0, ...account },
    webhookSecrets: () => [],
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
});
afterAll(() => sandbox.stop());

const deps = providerDeps();
afterAll(() => deps.guardedDispatcher.destroy());
afterEach(() => {
  sandbox.behaviours.clear();
  sandbox.store.clear();
});

const open = (more: Partial<ApnsConfig> = {}) => {
  const { url: apiBaseUrl = '', privateKey = '' } = sandbox.apns ?? {};
  return apns.open({ ...account, privateKey, apiBaseUrl, ...more }, deps);
};
const message = (more: Partial<PushMessage> = {}): PushMessage => ({
  platform: 'ios',
  token: 'a1'.repeat(32),
  content: { title: 'Grüße', body: 'Hallo' },
  ...more,
});
const disturb = (action: BehaviourRule['action']) =>
  sandbox.behaviours.add({ channel: 'push', match: { provider: 'apns' }, action, times: 1 });

async function send(more: Partial<PushMessage> = {}, config: Partial<ApnsConfig> = {}) {
  const provider = await open(config);
  const outcome = await provider.send(message(more), sendContext());
  await provider.close();
  return outcome;
}

it('shows a message as it was meant', async () => {
  const provider = await open();
  const context = sendContext();
  const content: PushMessage['content'] = {
    title: 'Grüße',
    body: 'Hallo 🎉',
    image: 'https://example.com/a.png',
    sound: 'bell.caf',
    clickAction: 'shop://orders/42',
    badge: 3,
    data: { order: '42' },
    collapseKey: 'für dich',
    ttlSeconds: 3600,
    ios: { subtitle: 'Unter', threadId: 'orders', category: 'ORDER', interruptionLevel: 'critical' },
  };
  const outcome = await provider.send(message({ content }), context);
  expect(outcome).toEqual({ outcome: 'accepted', providerMessageId: context.deliveryId });
  const silent = { data: { order: '42' } };
  expect((await provider.send(message({ content: silent }), sendContext())).outcome).toBe('accepted');
  await provider.close();
  const [second, first] = [...sandbox.store.newestFirst()];
  expect(await first?.message.fields()).toMatchObject({
    to: 'a1'.repeat(32),
    from: 'com.example.shop',
    provider: 'apns',
    status: 'shown',
    title: 'Grüße',
    subtitle: 'Unter',
    body: 'Hallo 🎉',
    image: 'https://example.com/a.png',
    sound: 'bell.caf',
    clickAction: 'shop://orders/42',
    badge: 3,
    threadId: 'orders',
    category: 'ORDER',
    interruptionLevel: 'critical',
    priority: 'high',
    messageId: context.deliveryId,
  });
  expect(await second?.message.fields()).toMatchObject({
    status: 'silent',
    priority: 'normal',
    data: { order: '42' },
  });
});

it('sends many at a time over one connection', async () => {
  const provider = await open();
  await provider.send(message(), sendContext());
  const sends = Array.from({ length: 500 }, () => provider.send(message(), sendContext()));
  for (const { outcome } of await Promise.all(sends)) expect(outcome).toBe('accepted');
  await provider.close();
  expect(sandbox.store.size).toBe(501);
});

it('hears of an app that was removed', async () => {
  const before = Date.now();
  const outcome = await send({ token: DEAD });
  expect(outcome).toMatchObject({ outcome: 'permanent-address', suppress: 'unregistered' });
  expect((outcome as { goneSince?: number }).goneSince).toBeGreaterThanOrEqual(before);
  const again = await send({ token: DEAD, registeredAt: Date.now() + 60_000 });
  expectOutcome(again, {
    outcome: 'permanent-address',
    reason: 'unregistered',
    code: 'apns_Unregistered',
  });
});

it('is told of a setting that is wrong', async () => {
  const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;
  expectOutcome(await send({}, { keyId: 'OTHER12345' }), { ...halt, code: 'apns_InvalidProviderToken' });
  const bad = { outcome: 'permanent-address', reason: 'invalid_address' } as const;
  expectOutcome(await send({}, { topic: 'com.example.other' }), {
    ...bad,
    code: 'apns_DeviceTokenNotForTopic',
  });
  expectOutcome(await send({ token: 'no-token' }), { ...bad, code: 'apns_BadDeviceToken' });
});

it('makes the best of every trouble', async () => {
  disturb({ type: 'fail', code: 429, at: 'data', retryAfterSeconds: 9 });
  expectOutcome(await send(), {
    outcome: 'retry',
    reason: 'rate_limited',
    retryAfterMs: 9000,
    code: 'apns_TooManyRequests',
  });
  disturb({ type: 'fail', code: 500, at: 'data' });
  expectOutcome(await send(), {
    outcome: 'retry',
    reason: 'provider_unavailable',
    retryAfterMs: 900_000,
    code: 'apns_InternalServerError',
  });
  disturb({ type: 'garbage' });
  expectOutcome(await send(), { outcome: 'ambiguous', reason: 'provider_unavailable', code: 'http_200' });
  disturb({ type: 'drop', at: 'after-data' });
  expectOutcome(await send(), { outcome: 'ambiguous', reason: 'timed_out', code: /^http_/ });
  expect(sandbox.store.size).toBe(1);
});

it('goes on when APNs wants its clients to connect anew', async () => {
  const provider = await open();
  for (const _each of [1, 2, 3]) {
    const sends = Array.from({ length: 20 }, () => provider.send(message(), sendContext()));
    sandbox.apns?.goAway();
    for (const { outcome } of await Promise.all(sends)) expect(outcome).toBe('accepted');
  }
  await provider.close();
  expect(sandbox.store.size).toBe(60);
});
