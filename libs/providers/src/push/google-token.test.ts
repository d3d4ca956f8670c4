import { type ScriptedHttpServer, startScriptedHttpServer, until } from '@herald/testing';
import { Agent } from 'undici';
import { type AccessToken, GoogleTokens } from './google-token';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const START = Date.UTC(2030, 0, 31);

let server: ScriptedHttpServer;
let dispatcher: Agent;
let tokens: GoogleTokens;
let now = START;
const open = (timeoutMs = 5000, tokenUri = server.url) =>
  new GoogleTokens({
    tokenUri,
    assertion: async (at) => `assertion of ${at}`,
    dispatcher,
    timeoutMs,
    now: () => now,
  });
beforeEach(async () => {
  now = START;
  server = await startScriptedHttpServer();
  dispatcher = new Agent();
  tokens = open();
});
afterEach(async () => {
  tokens.close();
  await dispatcher.destroy();
  await server.close();
});

const grants = (token: string, expiresIn: unknown = 3600) =>
  server.reply({ status: 200, body: JSON.stringify({ access_token: token, expires_in: expiresIn }) });
const refuses = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  server.reply({ status, headers, body: JSON.stringify(body) });
const get = (signal: AbortSignal = new AbortController().signal) => tokens.get(signal);
const asked = () => server.arrivals.length;
const got = (token: string): AccessToken => ({ ok: true, token });

it('asks with the assertion, once for all who wait and all who come later', async () => {
  grants('one');
  const all = await Promise.all([get(), get(), get()]);
  expect([...all, await get()]).toEqual(Array.from({ length: 4 }, () => got('one')));
  expect(asked()).toBe(1);
  expect(server.arrivals[0]).toMatchObject({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(Object.fromEntries(new URLSearchParams(server.arrivals[0]?.body))).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: `assertion of ${START}`,
  });
});

it('renews a token five minutes before its end, while the old one is used', async () => {
  grants('one');
  await get();
  grants('two');
  now = START + HOUR - 5 * MINUTE - 1;
  expect(await get()).toEqual(got('one'));
  expect(asked()).toBe(1);
  now += 1;
  expect(await Promise.all([get(), get(), get()])).toEqual([got('one'), got('one'), got('one')]);
  await until(async () => JSON.stringify(await get()) === JSON.stringify(got('two')));
  expect(asked()).toBe(2);
});

it('goes on with a token that cannot be renewed, tries again after a while, and waits when it has ended', async () => {
  grants('one');
  await get();
  refuses(503, {});
  now = START + HOUR - 4 * MINUTE;
  expect(await get()).toEqual(got('one'));
  await until(() => asked() === 2);
  // One that is still being answered is not asked twice: a pause later each time, until the next was asked.
  await until(async () => {
    now += 10_000;
    expect(await get()).toEqual(got('one'));
    return asked() === 3;
  });
  grants('two');
  now = START + HOUR;
  await until(async () => JSON.stringify(await get()) === JSON.stringify(got('two')));
});

it('uses a token of a short life for half of it before it is renewed', async () => {
  grants('one', 60);
  await get();
  now = START + 29_999;
  await get();
  expect(asked()).toBe(1);
  now = START + 30_000;
  await get();
  await until(() => asked() === 2);
});

it('forgets a token that was refused, and not the one that took its place', async () => {
  grants('one');
  await get();
  grants('two');
  tokens.drop('one');
  expect(await get()).toEqual(got('two'));
  tokens.drop('one');
  expect(await get()).toEqual(got('two'));
  expect(asked()).toBe(2);
});

it('asks again after a failure', async () => {
  refuses(500, {});
  expect((await get()).ok).toBe(false);
  grants('one');
  expect(await get()).toEqual(got('one'));
});

const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' };
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' };

it.each([
  [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, halt, 'invalid_grant'],
  [401, { error: 'invalid_client' }, halt, 'invalid_client'],
  [403, {}, halt, 'http_403'],
  [404, 'not JSON of an object', halt, 'http_404'],
  [302, {}, halt, 'http_302'],
  [400, { error: 'temporarily_unavailable' }, unavailable, 'temporarily_unavailable'],
  [400, { error: 'x y', error_description: 7 }, halt, 'http_400'],
  [408, {}, unavailable, 'http_408'],
  [429, {}, { outcome: 'retry', reason: 'rate_limited' }, 'http_429'],
  [500, {}, unavailable, 'http_500'],
  [503, { error: 'server_error' }, unavailable, 'server_error'],
  [200, {}, unavailable, 'http_200'],
  [200, { access_token: 'a b', expires_in: 3600 }, unavailable, 'http_200'],
  [200, { access_token: 'one' }, unavailable, 'http_200'],
  [200, { access_token: 'one', expires_in: 0 }, unavailable, 'http_200'],
  [200, null, unavailable, 'http_200'],
])('classifies a refusal: %i %j', async (status, body, expected, code) => {
  refuses(status, body);
  const token = await get();
  expect(token).toMatchObject({ ok: false, outcome: { ...expected, code: `google_token_${code}` } });
});

it("says Google's words to a person, and when to come back", async () => {
  refuses(503, { error_description: 'later' }, { 'retry-after': '30' });
  const outcome = { detail: 'No access token: later', retryAfterMs: 30_000 };
  expect(await get()).toMatchObject({ ok: false, outcome });
});

it.each(['silent', 'dropped', 'garbage'] as const)('is never in doubt about a message: %s', async (fault) => {
  tokens.close();
  tokens = open(300);
  server.fail(fault);
  expect(await get()).toMatchObject({ ok: false, outcome: unavailable });
});

it('lets one give up while others wait', async () => {
  server.fail('silent');
  const abort = new AbortController();
  const [impatient, patient] = [get(abort.signal), get()];
  await until(() => asked() === 1);
  abort.abort();
  expect(await impatient).toMatchObject({ ok: false, outcome: { outcome: 'retry', reason: 'timed_out' } });
  tokens.close();
  expect(await patient).toMatchObject({ ok: false, outcome: unavailable });
});

it('makes nobody wait who has given up before', async () => {
  server.fail('silent');
  expect(await get(AbortSignal.abort())).toMatchObject({ ok: false, outcome: { reason: 'timed_out' } });
});
