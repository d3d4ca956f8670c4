import { generateKeyPairSync } from 'node:crypto';
import { createSecureServer } from 'node:http2';
import { type AddressInfo } from 'node:net';
import { type PushMessage } from '@herald/delivery';
import { createGuardedDispatcher } from '@herald/platform';
import {
  expectOutcome,
  providerDeps,
  type ScriptedHttp2Server,
  SELF_SIGNED,
  sendContext,
  startScriptedHttp2Server,
} from '@herald/testing';
import { type ApnsConfig, apns } from './apns';

const MINUTE = 60_000;
const config: ApnsConfig = {
  keyId: '2X9R4HXF34',
  teamId: '8YL3GNV826',
  privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ format: 'pem', type: 'pkcs8' })
    .toString(),
  topic: 'com.example.shop',
};
const message = (more: Partial<PushMessage> = {}): PushMessage => ({
  platform: 'ios',
  token: 'a1'.repeat(32),
  content: { body: 'Hello' },
  ...more,
});

const deps = providerDeps();
afterAll(() => deps.guardedDispatcher.destroy());

let server: ScriptedHttp2Server;
beforeEach(async () => {
  server = await startScriptedHttp2Server();
  accept();
});
afterEach(async () => {
  jest.restoreAllMocks();
  await server.close();
});

const accept = () => server.reply({ status: 200, headers: { 'apns-id': 'an-id' } });
const refuse = (status: number, body: object) => server.reply({ status, body: JSON.stringify(body) });
const open = () => apns.open({ ...config, apiBaseUrl: server.url }, deps);
const tokens = () => server.arrivals.map(({ headers }) => headers.authorization);

async function send(more: Partial<PushMessage> = {}) {
  const provider = await open();
  const outcome = await provider.send(message(more), sendContext());
  await provider.close();
  return outcome;
}

it('carries what is for iOS', () => {
  expect(apns.carries?.(message(), config)).toBe(true);
  expect(apns.carries?.(message({ platform: 'android' }), config)).toBe(false);
});

it('gives the id that APNs answers with', async () => {
  expect(await send()).toEqual({ outcome: 'accepted', providerMessageId: 'an-id' });
});

describe('a dead token', () => {
  const timestamp = Date.UTC(2029, 0, 1);

  it('is gone since APNs found it so', async () => {
    refuse(410, { reason: 'Unregistered', timestamp });
    const dead = {
      outcome: 'permanent-address',
      reason: 'unregistered',
      code: 'apns_Unregistered',
      suppress: 'unregistered',
      goneSince: timestamp,
    };
    expect(await send()).toEqual(dead);
    expect(await send({ registeredAt: timestamp })).toEqual(dead);
  });

  it('is not gone when the app got it again after that', async () => {
    refuse(410, { reason: 'ExpiredToken', timestamp });
    expect(await send({ registeredAt: timestamp + 1 })).toEqual({
      outcome: 'permanent-address',
      reason: 'unregistered',
      code: 'apns_ExpiredToken',
    });
  });
});

it('sends nothing that APNs has no room for, to the byte', async () => {
  const room = 4096 - Buffer.byteLength('{"aps":{"alert":{"body":""}}}');
  const fits = { body: 'ü'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2) };
  expect((await send({ content: fits })).outcome).toBe('accepted');
  expect(await send({ content: { body: `${fits.body}x` } })).toEqual({
    outcome: 'permanent-content',
    reason: 'content_rejected',
    code: 'apns_payload_too_large',
    detail: 'The payload has 4097 bytes; APNs takes 4096.',
  });
  expect(server.arrivals).toHaveLength(1);
});

it('keeps a token that is no path from being one', async () => {
  await send({ token: '../../4/x?y' });
  expect(server.arrivals[0]?.path).toBe('/3/device/..%2F..%2F4%2Fx%3Fy');
});

describe('the provider token', () => {
  it('is the same for nearly an hour, and then another one', async () => {
    const start = Date.now();
    const clock = jest.spyOn(Date, 'now');
    const provider = await open();
    for (const minutes of [0, 0, 49, 50]) {
      clock.mockReturnValue(start + minutes * MINUTE);
      await provider.send(message(), sendContext());
    }
    await provider.close();
    const [first, second, third, fourth] = tokens();
    expect([second, third]).toEqual([first, first]);
    expect(fourth).not.toBe(first);
  });

  it('is replaced within the attempt when APNs calls it expired', async () => {
    server.act((stream) => {
      stream.respond({ ':status': 403 });
      stream.end('{"reason":"ExpiredProviderToken"}');
      accept();
    });
    expect((await send()).outcome).toBe('accepted');
    expect(new Set(tokens()).size).toBe(2);
  });

  it('is not replaced over and over when it is the clock that is wrong', async () => {
    refuse(403, { reason: 'ExpiredProviderToken' });
    const provider = await open();
    for (const _attempt of [1, 2, 3]) {
      expectOutcome(await provider.send(message(), sendContext()), {
        outcome: 'config-halt',
        reason: 'provider_misconfigured',
        code: 'apns_ExpiredProviderToken',
      });
    }
    await provider.close();
    expect(server.arrivals).toHaveLength(4);
    expect(new Set(tokens()).size).toBe(2);
  });
});

it('is to be tried again when its stream was refused, and not known when it broke off', async () => {
  server.act((stream) => stream.close(7));
  expectOutcome(await send(), {
    outcome: 'retry',
    reason: 'provider_unavailable',
    code: 'connect_H2_REFUSED_STREAM',
  });
  server.act((stream) => stream.close(2));
  expectOutcome(await send(), { outcome: 'ambiguous', reason: 'timed_out', code: 'http_H2_INTERNAL_ERROR' });
});

it('does not trust a server whose certificate nobody has signed', async () => {
  const stranger = createSecureServer(SELF_SIGNED, (_request, response) => response.end());
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  const { port } = stranger.address() as AddressInfo;
  const provider = await apns.open({ ...config, apiBaseUrl: `https://localhost:${port}` }, deps);
  expectOutcome(await provider.send(message(), sendContext()), {
    outcome: 'retry',
    reason: 'provider_unavailable',
    code: 'tls_DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  await provider.close();
  await new Promise((resolve) => stranger.close(resolve));
});

it('halts when the base URL leads to an address that is not allowed', async () => {
  const options = { allow: [], connectTimeoutMs: 1000, headersTimeoutMs: 1000, bodyTimeoutMs: 1000 };
  const guardedDispatcher = createGuardedDispatcher(options);
  const provider = await apns.open({ ...config, apiBaseUrl: server.url }, { ...deps, guardedDispatcher });
  expectOutcome(await provider.send(message(), sendContext()), {
    outcome: 'config-halt',
    reason: 'provider_misconfigured',
    code: 'forbidden_address',
  });
  expect(server.arrivals).toEqual([]);
  await provider.close();
  await guardedDispatcher.destroy();
});
