import { createServer, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import {
  type HttpReply,
  refusedPort,
  type ScriptedHttp2Server,
  startScriptedHttp2Server,
  until,
} from '@herald/testing';
import { type ExchangeRequest } from '../http/exchange';
import { ApnsPool, type ApnsPoolOptions } from './apns-pool';

const OK: HttpReply = { status: 200, body: 'fine' };
const REFUSED_STREAM = 7;
const ENHANCE_YOUR_CALM = 11;

let server: ScriptedHttp2Server;
const pools: ApnsPool[] = [];
beforeEach(async () => {
  server = await startScriptedHttp2Server({ maxConcurrentStreams: 4 });
  server.reply(OK);
});
afterEach(async () => {
  for (const pool of pools.splice(0)) pool.close();
  await server.close();
});

function openPool(options: Partial<ApnsPoolOptions> = {}): ApnsPool {
  const url = options.url ?? new URL(server.url);
  const pool = new ApnsPool({
    url,
    openSocket: () => openTo(url),
    timeoutMs: 2000,
    pingEveryMs: 60_000,
    maxConnections: 2,
    ...options,
  });
  pools.push(pool);
  return pool;
}

const openTo = (url: URL): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => resolve(socket)).once('error', reject);
  });

const request = (overrides: Partial<ExchangeRequest> = {}): ExchangeRequest => ({
  url: new URL(`${server.url}/3/device/a1`),
  headers: {},
  body: '{}',
  timeoutMs: 2000,
  maxBodyBytes: 1000,
  signal: new AbortController().signal,
  ...overrides,
});

const many = (count: number) => Array.from({ length: count }, () => request());

describe('connections', () => {
  it('is one for all, one after the other', async () => {
    const pool = openPool();
    for (const each of many(5)) expect(await pool.post(each)).toMatchObject({ status: 200, body: 'fine' });
    expect(server.connections()).toBe(1);
  });

  it('are as many as the streams need, and those that find none wait', async () => {
    const pool = openPool();
    await pool.post(request());
    const streams: (() => void)[] = [];
    server.act((stream) => streams.push(() => stream.respond({ ':status': 200 }, { endStream: true })));
    const posts = many(20).map((each) => pool.post(each));
    await until(() => streams.length === 8);
    expect(server.connections()).toBe(2);
    const finish = setInterval(() => streams.splice(0).forEach((end) => void end()), 5);
    for (const exchange of await Promise.all(posts)) expect(exchange).toMatchObject({ status: 200 });
    clearInterval(finish);
    expect(server.arrivals).toHaveLength(21);
    expect(server.connections()).toBe(2);
  });

  it('stay one until the first request has an answer: before it APNs allows no more than one stream', async () => {
    const pool = openPool();
    const ends: (() => void)[] = [];
    server.act((stream) => ends.push(() => stream.respond({ ':status': 200 }, { endStream: true })));
    const posts = many(6).map((each) => pool.post(each));
    await until(() => ends.length === 4);
    expect(server.connections()).toBe(1);
    ends.shift()?.();
    // One takes the stream that is free again, and for the other there is a connection now.
    await until(() => server.connections() === 2 && ends.length === 5);
    for (const end of ends) end();
    for (const exchange of await Promise.all(posts)) expect(exchange).toMatchObject({ status: 200 });
  });

  it('fail together when none can be opened, and are tried again with the next request', async () => {
    const url = new URL(`http://127.0.0.1:${await refusedPort()}`);
    let target = url;
    const pool = openPool({ url, openSocket: () => openTo(target) });
    for (const exchange of await Promise.all(many(3).map((each) => pool.post(each)))) {
      expect(exchange).toEqual({ kind: 'failed', sent: false, code: 'ECONNREFUSED' });
    }
    target = new URL(server.url);
    expect(await pool.post(request())).toMatchObject({ status: 200 });
  });

  it('do not take for ever', async () => {
    let opened = 0;
    const never = openPool({ timeoutMs: 50, openSocket: () => new Promise(() => (opened += 1)) });
    const failed = { kind: 'failed', sent: false, code: 'ETIMEDOUT' };
    expect(await never.post(request())).toEqual(failed);
    expect(opened).toBe(1);
    server.swallow(true);
    expect(await openPool({ timeoutMs: 50 }).post(request())).toEqual(failed);
    await until(() => server.connections() === 0);
  });

  it('that come too late are let go', async () => {
    const late = openTo(new URL(server.url));
    const pool = openPool({
      timeoutMs: 30,
      openSocket: () => new Promise((resolve) => setTimeout(() => resolve(late), 80)),
    });
    expect(await pool.post(request())).toMatchObject({ sent: false, code: 'ETIMEDOUT' });
    const socket = await late;
    await until(() => socket.destroyed);
  });

  it('are not opened anew for those that wait when one ends without any answer', async () => {
    const pool = openPool();
    server.fail('silent');
    const posts = many(6).map((each) => pool.post(each));
    await until(() => server.arrivals.length === 4);
    server.drop();
    const exchanges = await Promise.all(posts);
    expect(exchanges.map((exchange) => exchange.kind === 'failed' && exchange.sent)).toEqual([
      ...[true, true, true, true],
      ...[false, false],
    ]);
    expect(server.arrivals).toHaveLength(4);
  });

  it('that end in the breath in which they began are none', async () => {
    const settings = Buffer.from('000000040000000000', 'hex');
    const goaway = Buffer.from('0000080700000000000000000000000000', 'hex');
    const brief = createNetServer((socket) => {
      socket.on('error', () => undefined).resume();
      socket.write(Buffer.concat([settings, goaway]));
    });
    await new Promise<void>((resolve) => brief.listen(0, '127.0.0.1', resolve));
    const { port } = brief.address() as AddressInfo;
    const pool = openPool({ url: new URL(`http://127.0.0.1:${port}`) });
    const signal = AbortSignal.timeout(1000);
    expect(await pool.post(request({ signal }))).toEqual({ kind: 'failed', sent: false, code: 'H2_GOAWAY' });
    await new Promise((resolve) => brief.close(resolve));
  });

  it.each([
    ['says goodbye at once', (session: ServerHttp2Session) => session.goaway(0)],
    ['hangs up at once', (session: ServerHttp2Session) => session.destroy()],
  ])('are not opened over and over to a server that %s', async (_name, leave) => {
    const leaving = createServer();
    const sessions: ServerHttp2Session[] = [];
    leaving.on('session', (session) => {
      sessions.push(session);
      session.on('error', () => undefined);
      leave(session);
    });
    await new Promise<void>((resolve) => leaving.listen(0, '127.0.0.1', resolve));
    const { port } = leaving.address() as AddressInfo;
    const pool = openPool({ url: new URL(`http://127.0.0.1:${port}`), timeoutMs: 300 });
    expect(await pool.post(request())).toMatchObject({ kind: 'failed', sent: false });
    expect(sessions.length).toBeLessThanOrEqual(2);
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => leaving.close(resolve));
  });
});

describe('a request', () => {
  it('that a closing connection did not look at goes over another one', async () => {
    const pool = openPool();
    server.act((stream) => {
      if (server.arrivals.length < 2) return;
      server.reply(OK);
      stream.session?.goaway(0, 1);
    });
    const first = pool.post(request({ timeoutMs: 300 }));
    await until(() => server.arrivals.length === 1);
    expect(await pool.post(request())).toMatchObject({ status: 200 });
    expect(server.arrivals.map(({ connection }) => connection)).toEqual([0, 0, 1]);
    expect(await first).toMatchObject({ kind: 'failed', sent: true });
  });

  it('that a closing connection looked at is answered on it, and the next goes over a new one', async () => {
    const pool = openPool();
    server.act((stream) => {
      stream.session?.goaway(0, stream.id);
      setTimeout(() => stream.respond({ ':status': 200 }, { endStream: true }), 30);
    });
    expect(await pool.post(request())).toMatchObject({ status: 200 });
    server.reply(OK);
    expect(await pool.post(request())).toMatchObject({ status: 200 });
    expect(server.arrivals.map(({ connection }) => connection)).toEqual([0, 1]);
  });

  it('is not sent when the server closes with an error before it, but not repeated at once', async () => {
    const pool = openPool();
    server.act((stream) => {
      if (server.arrivals.length === 2) stream.session?.goaway(ENHANCE_YOUR_CALM, 1);
    });
    const first = pool.post(request());
    await until(() => server.arrivals.length === 1);
    const second = pool.post(request());
    expect(await second).toEqual({ kind: 'failed', sent: false, code: 'H2_ENHANCE_YOUR_CALM' });
    expect(await first).toEqual({ kind: 'failed', sent: true, code: 'H2_ENHANCE_YOUR_CALM' });
    expect(server.arrivals).toHaveLength(2);
  });

  it('is not sent when its stream is refused', async () => {
    server.act((stream) => stream.close(REFUSED_STREAM));
    const exchange = await openPool().post(request());
    expect(exchange).toEqual({ kind: 'failed', sent: false, code: 'H2_REFUSED_STREAM' });
  });

  it('may have been acted on when its stream breaks off', async () => {
    server.act((stream) => stream.close(2));
    expect(await openPool().post(request())).toEqual({
      kind: 'failed',
      sent: true,
      code: 'H2_INTERNAL_ERROR',
    });
  });

  it('may have been acted on when the connection dies under it', async () => {
    const pool = openPool();
    server.fail('dropped');
    const codes = await Promise.all(many(3).map((each) => pool.post(each)));
    for (const exchange of codes) {
      expect(exchange).toEqual({ kind: 'failed', sent: true, code: 'ECONNRESET' });
    }
    server.reply(OK);
    expect(await pool.post(request())).toMatchObject({ status: 200 });
  });

  it('has its answer with the status, however the body ends', async () => {
    const pool = openPool();
    server.reply({ status: 400, body: 'so far', unfinished: true });
    const signal = AbortSignal.timeout(700);
    expect(await pool.post(request({ signal }))).toMatchObject({ status: 400, body: 'so far' });
    expect(await pool.post(request({ timeoutMs: 700 }))).toMatchObject({ status: 400, body: 'so far' });
    server.reply({ status: 400, body: 'x'.repeat(5_000_000) });
    expect(await pool.post(request())).toMatchObject({ status: 400, body: 'x'.repeat(1000) });
  });

  it('that is given up while it waits is never sent', async () => {
    const pool = openPool({ maxConnections: 1 });
    server.fail('silent');
    const abort = new AbortController();
    const blocking = many(4).map((each) => pool.post({ ...each, signal: abort.signal }));
    await until(() => server.arrivals.length === 4);
    const waiting = await pool.post(request({ signal: AbortSignal.timeout(30) }));
    expect(waiting).toEqual({ kind: 'failed', sent: false, code: 'ABORTED' });
    server.reply(OK);
    abort.abort();
    for (const exchange of await Promise.all(blocking)) {
      expect(exchange).toEqual({ kind: 'failed', sent: true, code: 'ABORTED' });
    }
    expect(await pool.post(request())).toMatchObject({ status: 200 });
    expect(server.arrivals).toHaveLength(5);
  });

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const add = jest.spyOn(signal, 'addEventListener');
    const remove = jest.spyOn(signal, 'removeEventListener');
    const pool = openPool();
    await pool.post(request({ signal }));
    await until(() => remove.mock.calls.length === add.mock.calls.length);
    const listeners = (calls: unknown[][]) => new Set(calls.map(([, listener]) => listener));
    expect(listeners(remove.mock.calls)).toEqual(listeners(add.mock.calls));
  });
});

describe('a network that swallows everything', () => {
  it('is noticed by a ping, also while nothing is sent', async () => {
    const pool = openPool({ pingEveryMs: 50, timeoutMs: 100 });
    await pool.post(request());
    server.swallow(true);
    await until(() => server.connections() === 0);
    server.swallow(false);
    expect(await pool.post(request())).toMatchObject({ status: 200 });
  });

  it('makes a connection suspect: others do not wait on it for their answer', async () => {
    const pool = openPool({ timeoutMs: 500 });
    await pool.post(request());
    server.swallow(true);
    expect(await pool.post(request({ timeoutMs: 50 }))).toMatchObject({ sent: true, code: 'ETIMEDOUT' });
    server.swallow(false);
    expect(await pool.post(request())).toMatchObject({ status: 200 });
  });
});

describe('closing', () => {
  it('lets what was sent be answered, and sends nothing more', async () => {
    const pool = openPool({ maxConnections: 1 });
    const ends: (() => void)[] = [];
    server.act((stream) => ends.push(() => stream.respond({ ':status': 200 }, { endStream: true })));
    const sent = many(4).map((each) => pool.post(each));
    await until(() => ends.length === 4);
    const waiting = pool.post(request());
    pool.close();
    expect(await waiting).toEqual({ kind: 'failed', sent: false, code: 'CLOSED' });
    expect(await pool.post(request())).toEqual({ kind: 'failed', sent: false, code: 'CLOSED' });
    for (const end of ends) end();
    for (const exchange of await Promise.all(sent)) expect(exchange).toMatchObject({ status: 200 });
    await until(() => server.connections() === 0);
    expect(server.arrivals).toHaveLength(4);
  });

  it('leaves no connection that was on its way', async () => {
    const sockets: Socket[] = [];
    const openSocket = async () => {
      const socket = await openTo(new URL(server.url));
      sockets.push(socket);
      return socket;
    };
    const pool = openPool({ openSocket });
    const post = pool.post(request());
    pool.close();
    expect(await post).toMatchObject({ code: 'CLOSED' });
    await until(() => sockets[0]?.destroyed === true);
    expect(server.arrivals).toEqual([]);
  });
});
