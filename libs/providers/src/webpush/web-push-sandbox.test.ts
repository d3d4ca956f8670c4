import { type Provider, type WebPushMessage } from '@herald/delivery';
import { newId, type SendOutcome } from '@herald/domain';
import { createGuardedDispatcher } from '@herald/platform';
import { type Sandbox, startSandbox } from '@herald/sandbox';
import {
  expectOutcome,
  providerDeps,
  type ReceiverResponse,
  sendContext,
  startHttpReceiver,
} from '@herald/testing';
import { generateVAPIDKeys } from 'web-push';
import { type WebPushConfig, webPush } from './web-push';

/** The provider against a push service that checks and decrypts. */
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    httpPort: 0,
    smtpPort: 0,
    twilio: { accounts: [] },
    webhookSecrets: () => [],
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
});
afterEach(() => {
  sandbox.store.clear();
  sandbox.behaviours.clear();
});
afterAll(() => sandbox.stop());

const deps = providerDeps(1000);
afterAll(() => deps.guardedDispatcher.destroy());

const newKey = () => ({ id: newId(Date.now()), ...generateVAPIDKeys() });
const [older, newer] = [newKey(), newKey()];
const open = (...keys: WebPushConfig['keys']) =>
  webPush.open({ subject: 'mailto:ops@example.com', keys }, deps);

/** A message for the browser of that name, which subscribed with that key. */
function messageTo(name: string, key: { publicKey: string }, more: object = {}): WebPushMessage {
  const { endpoint, keys } = sandbox.webpush.subscription(name, key.publicKey);
  return { endpoint, keys, payload: '{"title":"Hi"}', ttlSeconds: 60, urgency: 'normal', ...more };
}
const arrived = () => Promise.all([...sandbox.store.newestFirst()].map(({ message }) => message.whole()));
const send = (provider: Provider<'webpush'>, message: WebPushMessage) =>
  provider.send(message, sendContext());

it('delivers what the browser can decrypt', async () => {
  const provider = await open(newer);
  const payload = JSON.stringify({ title: 'Grüße 🎉', body: 'x'.repeat(3000), data: { order: 42 } });
  const message = messageTo('ada', newer, { payload, ttlSeconds: 7, urgency: 'low', topic: 'orders' });
  const outcome = await send(provider, message);
  const [shown] = await arrived();
  expect(shown).toMatchObject({
    to: message.endpoint,
    status: 'shown',
    payload,
    ttlSeconds: 7,
    urgency: 'low',
    topic: 'orders',
    vapid: { publicKey: newer.publicKey, subject: 'mailto:ops@example.com' },
  });
  expect(outcome).toEqual({ outcome: 'accepted', code: 'http_201', providerMessageId: shown?.messageId });
});

it('goes on to reach browsers that subscribed with an older key', async () => {
  const provider = await open(newer, older);
  for (const [name, key] of [
    ['ada', older],
    ['grace', newer],
    ['ada', older],
  ] as const) {
    expect(await send(provider, messageTo(name, key))).toMatchObject({ outcome: 'accepted' });
  }
  const keys = (await arrived()).map(({ vapid }) => (vapid as { publicKey: string }).publicKey);
  expect(keys).toEqual([older.publicKey, newer.publicKey, older.publicKey]);
});

it('blames a subscription that none of the keys fits, and nothing else', async () => {
  const provider = await open(newer, older);
  const stranger = newKey();
  expectOutcome(await send(provider, messageTo('ada', stranger)), {
    outcome: 'permanent-address',
    reason: 'invalid_address',
    code: 'http_403',
  });
  expect(await send(provider, messageTo('ada', older))).toMatchObject({ outcome: 'accepted' });
});

describe('with several keys', () => {
  /** Sends to a push service that answers by the index of the key, and gives with which it was asked. */
  async function triedBy(answer: (key: number) => ReceiverResponse, times = 1) {
    const keys = [newKey(), newKey(), newKey()];
    const tried: number[] = [];
    const receiver = await startHttpReceiver(({ headers }) => {
      const key = keys.findIndex(({ publicKey }) => headers.authorization?.endsWith(`k=${publicKey}`));
      tried.push(key);
      return answer(key);
    });
    const provider = await open(...keys);
    const message = messageTo('ada', newer);
    let outcome: SendOutcome | undefined;
    for (let sent = 0; sent < times; sent += 1) {
      outcome = await send(provider, { ...message, endpoint: `${receiver.url}/push/1` });
    }
    await receiver.close();
    return { tried, outcome };
  }

  it('remembers which one fits', async () => {
    const { tried, outcome } = await triedBy((key) => ({ status: key === 1 ? 201 : 403 }), 3);
    expect(tried).toEqual([0, 1, 1, 1]);
    expect(outcome).toMatchObject({ outcome: 'accepted' });
  });

  it('stops at the first answer that is about something else', async () => {
    const { tried, outcome } = await triedBy((key) => ({ status: key === 0 ? 401 : 503 }));
    expect(tried).toEqual([0, 1]);
    expect(outcome).toMatchObject({ outcome: 'retry', reason: 'provider_unavailable' });
  });

  it('knows a message that is refused from a key that is', async () => {
    for (const fitting of [0, 1, 2]) {
      const { tried, outcome } = await triedBy((key) => ({ status: key === fitting ? 400 : 403 }));
      expect(tried).toEqual([0, 1, 2]);
      expect(outcome).toMatchObject({ outcome: 'permanent-content', code: 'http_400' });
    }
  });
});

it('signs once for a push service', async () => {
  const seen: string[] = [];
  const receivers = await Promise.all(
    [1, 2].map(() =>
      startHttpReceiver(({ headers }) => {
        seen.push(String(headers.authorization));
        return { status: 201 };
      }),
    ),
  );
  const provider = await open(newer);
  for (const { url } of [...receivers, ...receivers]) {
    await send(provider, { ...messageTo('ada', newer), endpoint: `${url}/push/${seen.length}` });
  }
  expect(seen[2]).toBe(seen[0]);
  expect(seen[3]).toBe(seen[1]);
  expect(seen[0]).not.toBe(seen[1]);
  await Promise.all(receivers.map((receiver) => receiver.close()));
});

it('hears that a browser is gone', async () => {
  const provider = await open(newer);
  expectOutcome(await send(provider, messageTo('gone-ada', newer)), {
    outcome: 'permanent-address',
    reason: 'unregistered',
    suppress: 'unregistered',
    code: 'http_410',
  });
});

it('hears that it is to wait', async () => {
  const provider = await open(newer);
  sandbox.behaviours.add({
    channel: 'webpush',
    action: { type: 'throttle', perSecond: 0.01, retryAfterSeconds: 9 },
  });
  expect(await send(provider, messageTo('ada', newer))).toMatchObject({ outcome: 'accepted' });
  expectOutcome(await send(provider, messageTo('ada', newer)), {
    outcome: 'retry',
    reason: 'rate_limited',
    retryAfterMs: 9000,
    code: 'http_429',
  });
});

it('does not know what became of a message that nobody answers', async () => {
  const provider = await open(newer);
  sandbox.behaviours.add({ channel: 'webpush', action: { type: 'hang', at: 'after-data' } });
  const outcome = await provider.send(
    messageTo('ada', newer),
    sendContext({ signal: AbortSignal.timeout(200) }),
  );
  expectOutcome(outcome, { outcome: 'ambiguous', reason: 'timed_out', code: 'http_ABORTED' });
  expect(sandbox.store.size).toBe(1);
});

it('sends up to 3,993 bytes, and says of more how much it is', async () => {
  const provider = await open(newer);
  const sized = (bytes: number) =>
    messageTo('ada', newer, { payload: `"${'ü'.repeat(1990)}${'x'.repeat(bytes - 3982)}"` });
  expect(Buffer.byteLength(sized(3993).payload)).toBe(3993);
  expect(await send(provider, sized(3993))).toMatchObject({ outcome: 'accepted' });
  expect(await send(provider, sized(3994))).toEqual({
    outcome: 'permanent-content',
    reason: 'content_rejected',
    code: 'webpush_payload_too_large',
    detail: 'The payload has 3994 bytes; 3993 are possible.',
  });
  expect(sandbox.store.size).toBe(1);
});

it.each([
  ['a point that is not on the curve', { p256dh: Buffer.alloc(65, 4).toString('base64url') }],
  ['a short key', { p256dh: 'BA' }],
  ['a short secret', { auth: 'YWJj' }],
])('cannot encrypt for %s', async (_name, bad) => {
  const provider = await open(newer);
  const message = messageTo('ada', newer);
  const outcome = await send(provider, { ...message, keys: { ...message.keys, ...bad } });
  expectOutcome(outcome, {
    outcome: 'permanent-address',
    reason: 'invalid_address',
    code: 'webpush_invalid_keys',
  });
  expect(sandbox.store.size).toBe(0);
});

it('goes to no internal address, and to no URL that is none', async () => {
  const guardedDispatcher = createGuardedDispatcher({
    allow: [],
    connectTimeoutMs: 1000,
    headersTimeoutMs: 1000,
    bodyTimeoutMs: 1000,
  });
  const provider = await webPush.open(
    { subject: 'https://example.com', keys: [newer] },
    { ...deps, guardedDispatcher },
  );
  expectOutcome(await send(provider, messageTo('ada', newer)), {
    outcome: 'permanent-address',
    reason: 'forbidden_target',
    code: 'forbidden_address',
  });
  expectOutcome(await send(provider, { ...messageTo('ada', newer), endpoint: 'http://1.2.3.4.5/' }), {
    outcome: 'permanent-address',
    reason: 'invalid_address',
    code: 'invalid_url',
  });
  expect(sandbox.store.size).toBe(0);
  await guardedDispatcher.destroy();
});

it('is watched by the push service', () => {
  const message = messageTo('ada', newer);
  expect(webPush.target?.(message)).toBe(sandbox.httpUrl);
  expect(webPush.target?.({ ...message, endpoint: 'x' })).toBe('x');
});
