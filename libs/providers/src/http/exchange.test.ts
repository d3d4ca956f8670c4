import { gzipSync } from 'node:zlib';
import { type ScriptedHttpServer, startScriptedHttpServer } from '@herald/testing';
import { Agent } from 'undici';
import { type ExchangeRequest, postOnce } from './exchange';

let server: ScriptedHttpServer;
let agent: Agent;
beforeEach(async () => {
  server = await startScriptedHttpServer();
  agent = new Agent();
});
afterEach(async () => {
  await agent.destroy();
  await server.close();
});

function request(overrides: Partial<ExchangeRequest> = {}): ExchangeRequest {
  return {
    url: new URL(`${server.url}/path?x=1`),
    headers: { 'content-type': 'text/plain' },
    body: 'Grüße',
    timeoutMs: 2000,
    maxBodyBytes: 1000,
    signal: new AbortController().signal,
    ...overrides,
  };
}

it('posts what it is given and returns the answer', async () => {
  server.reply({ status: 201, headers: { 'x-y': 'z' }, body: 'Schön' });
  const exchange = await postOnce(agent, request());
  expect(exchange).toMatchObject({ kind: 'answered', status: 201, headers: { 'x-y': 'z' }, body: 'Schön' });
  expect(server.arrivals).toMatchObject([
    { method: 'POST', path: '/path?x=1', body: 'Grüße', headers: { 'content-type': 'text/plain' } },
  ]);
});

it('keeps no more of a body than it may', async () => {
  server.reply({ status: 200, body: 'x'.repeat(5_000_000) });
  const exchange = await postOnce(agent, request());
  expect(exchange).toMatchObject({ kind: 'answered', status: 200, body: 'x'.repeat(1000) });
});

it('does not unpack a body', async () => {
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  server.reply({ status: 200, headers: { 'content-encoding': 'gzip' }, body: bomb.toString('latin1') });
  const exchange = await postOnce(agent, request({ maxBodyBytes: 5000 }));
  expect(exchange).toMatchObject({ kind: 'answered', status: 200 });
  expect(Buffer.byteLength((exchange as { body: string }).body)).toBeLessThan(20_000);
});

it('knows the answer as soon as the status is there, however the body ends', async () => {
  server.reply({ status: 200, body: 'so far', unfinished: true });
  const abort = AbortSignal.timeout(100);
  expect(await postOnce(agent, request({ signal: abort }))).toMatchObject({ status: 200, body: 'so far' });
  expect(await postOnce(agent, request({ timeoutMs: 100 }))).toMatchObject({ status: 200, body: 'so far' });
});

it('waits for headers no longer than it may, and tells that the request was sent', async () => {
  server.fail('silent');
  expect(await postOnce(agent, request({ timeoutMs: 100 }))).toEqual({
    kind: 'failed',
    sent: true,
    code: 'UND_ERR_HEADERS_TIMEOUT',
  });
});

it('tells that nothing was sent when there is no connection', async () => {
  await server.close();
  expect(await postOnce(agent, request())).toEqual({ kind: 'failed', sent: false, code: 'ECONNREFUSED' });
  const unknown = request({ url: new URL('http://does-not-exist.invalid/') });
  expect(await postOnce(agent, unknown)).toMatchObject({ sent: false, code: expect.stringMatching(/^E/) });
});

it('gives up at once while it still waits for a connection, and sends nothing later', async () => {
  const connected: (() => void)[] = [];
  const slow = new Agent({
    connect: (_options, callback) => connected.push(() => callback(new Error('too late'), null)),
  });
  const exchange = postOnce(slow, request({ signal: AbortSignal.timeout(30) }));
  expect(await exchange).toEqual({ kind: 'failed', sent: false, code: 'ABORTED' });
  for (const finish of connected) finish();
  await slow.destroy();
});

it('gives up at once while it waits for a free connection, and sends nothing later', async () => {
  const single = new Agent({ connections: 1, pipelining: 1 });
  server.fail('silent');
  const first = new AbortController();
  const blocking = postOnce(single, request({ body: 'first', signal: first.signal }));
  const waiting = await postOnce(single, request({ body: 'second', signal: AbortSignal.timeout(50) }));
  expect(waiting).toEqual({ kind: 'failed', sent: false, code: 'ABORTED' });
  server.reply({ status: 204 });
  first.abort();
  expect(await blocking).toEqual({ kind: 'failed', sent: true, code: 'ABORTED' });
  expect(await postOnce(single, request({ body: 'third' }))).toMatchObject({ status: 204 });
  expect(server.arrivals.map((arrival) => arrival.body)).toEqual(['first', 'third']);
  await single.destroy();
});

it('sends nothing over a dispatcher that is closed', async () => {
  await agent.close();
  expect(await postOnce(agent, request())).toMatchObject({ kind: 'failed', sent: false });
  expect(server.arrivals).toEqual([]);
});

it('follows no redirect', async () => {
  server.reply({ status: 307, headers: { location: `${server.url}/elsewhere` } });
  expect(await postOnce(agent, request())).toMatchObject({ kind: 'answered', status: 307 });
  expect(server.arrivals).toHaveLength(1);
});

it('leaves no listener on the signal', async () => {
  const { signal } = new AbortController();
  const add = jest.spyOn(signal, 'addEventListener');
  const remove = jest.spyOn(signal, 'removeEventListener');
  await postOnce(agent, request({ signal }));
  expect(add).toHaveBeenCalledTimes(1);
  expect(remove).toHaveBeenCalledWith(...(add.mock.calls[0] ?? []).slice(0, 2));
});
