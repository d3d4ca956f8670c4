import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { type ProviderDeps } from '@herald/delivery';
import { createGuardedDispatcher } from '@herald/platform';
import {
  expectOutcome,
  providerDeps,
  type ScriptedHttpServer,
  SELF_SIGNED,
  sendContext,
  startScriptedHttpServer,
} from '@herald/testing';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { standardWebhook } from './standard-webhook';

const secret = () => `whsec_${randomBytes(32).toString('base64')}`;

let server: ScriptedHttpServer;
let deps: ProviderDeps;
beforeEach(async () => {
  server = await startScriptedHttpServer();
  deps = providerDeps(300);
});
afterEach(async () => {
  await deps.guardedDispatcher.destroy();
  await server.close();
});

const headers = () => server.arrivals.at(-1)?.headers as Record<string, string>;

it('signs so that the standard’s own library agrees, whatever the body', async () => {
  const key = secret();
  const provider = await standardWebhook.open({ secrets: [key] }, deps);
  await fc.assert(
    fc.asyncProperty(fc.json({ stringUnit: 'grapheme' }), fc.uuid(), async (body, deliveryId) => {
      await provider.send({ url: server.url, body }, sendContext({ deliveryId }));
      expect(server.arrivals.at(-1)?.body).toBe(body);
      expect(new Webhook(key).verify(body, headers())).toEqual(JSON.parse(body));
      expect(() => new Webhook(secret()).verify(body, headers())).toThrow();
      expect(() => new Webhook(key).verify(`${body} `, headers())).toThrow();
    }),
    { numRuns: 50 },
  );
});

it('signs with both secrets during a rotation, newest first', async () => {
  const [fresh, old] = [secret(), secret()];
  const provider = await standardWebhook.open({ secrets: [fresh, old] }, deps);
  await provider.send({ url: server.url, body: '{}' }, sendContext());
  for (const key of [fresh, old]) expect(new Webhook(key).verify('{}', headers())).toEqual({});
  const [first, second, ...rest] = headers()['webhook-signature']?.split(' ') ?? [];
  expect(rest).toEqual([]);
  const only = (signature?: string) => ({ ...headers(), 'webhook-signature': signature ?? '' });
  expect(new Webhook(fresh).verify('{}', only(first))).toEqual({});
  expect(new Webhook(old).verify('{}', only(second))).toEqual({});
});

it('keeps webhook-id over attempts and takes the time of each', async () => {
  const provider = await standardWebhook.open({ secrets: [secret()] }, deps);
  const context = sendContext();
  await provider.send({ url: server.url, body: '{}' }, context);
  await provider.send({ url: server.url, body: '{}' }, { ...context, attempt: 2 });
  const [a, b] = server.arrivals.map((arrival) => arrival.headers);
  expect(a?.['webhook-id']).toBe(context.deliveryId);
  expect(b?.['webhook-id']).toBe(context.deliveryId);
  expect(Math.abs(Number(b?.['webhook-timestamp']) * 1000 - Date.now())).toBeLessThan(2000);
});

it('counts a 2xx as accepted even if its body never ends, or is endless', async () => {
  const provider = await standardWebhook.open({ secrets: [secret()] }, deps);
  server.reply({ status: 200, unfinished: true });
  const outcome = await provider.send({ url: server.url, body: '{}' }, sendContext());
  expect(outcome).toEqual({ outcome: 'accepted', code: 'http_200' });
  server.reply({ status: 202, body: 'x'.repeat(10_000_000) });
  expect(await provider.send({ url: server.url, body: '{}' }, sendContext())).toMatchObject({
    code: 'http_202',
  });
});

it('keeps nothing of what an endpoint answers', async () => {
  const provider = await standardWebhook.open({ secrets: [secret()] }, deps);
  for (const status of [200, 302, 400, 410, 500]) {
    server.reply({ status, body: 'ada@example.com' });
    const outcome = await provider.send({ url: server.url, body: '{}' }, sendContext());
    expect(JSON.stringify(outcome)).not.toContain('ada');
  }
});

it.each(['127.0.0.1', 'localhost', '[::1]'])(
  'calls no internal target and does not suppress it: %s',
  async (host) => {
    const options = { allow: [], connectTimeoutMs: 1000, headersTimeoutMs: 1000, bodyTimeoutMs: 1000 };
    const guardedDispatcher = createGuardedDispatcher(options);
    const provider = await standardWebhook.open({ secrets: [secret()] }, { ...deps, guardedDispatcher });
    const url = server.url.replace('127.0.0.1', host);
    const outcome = await provider.send({ url, body: '{}' }, sendContext());
    expectOutcome(outcome, {
      outcome: 'permanent-address',
      reason: 'forbidden_target',
      code: 'forbidden_address',
    });
    expect(server.arrivals).toEqual([]);
    await guardedDispatcher.destroy();
  },
);

it('tries again when the endpoint’s certificate is bad', async () => {
  const https = createServer(SELF_SIGNED, (_request, response) => response.end());
  await new Promise<void>((resolve) => {
    https.listen(0, '127.0.0.1', resolve);
  });
  const { port } = https.address() as AddressInfo;
  const provider = await standardWebhook.open({ secrets: [secret()] }, deps);
  const outcome = await provider.send({ url: `https://127.0.0.1:${port}/`, body: '{}' }, sendContext());
  expectOutcome(outcome, {
    outcome: 'retry',
    reason: 'provider_unavailable',
    code: 'tls_DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  await new Promise((resolve) => https.close(resolve));
});

it('gives up on a URL that cannot be called', async () => {
  const provider = await standardWebhook.open({ secrets: [secret()] }, deps);
  const outcome = await provider.send({ url: 'http://1.2.3.4.5/', body: '{}' }, sendContext());
  expectOutcome(outcome, { outcome: 'permanent-address', reason: 'invalid_address', code: 'invalid_url' });
});
