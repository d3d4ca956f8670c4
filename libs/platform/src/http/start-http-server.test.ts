import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { type HttpServer, type HttpServerOptions, startHttpServer } from './start-http-server';

const LOCAL = { host: '127.0.0.1', port: 0 };
const servers: HttpServer[] = [];

async function start(handler: http.RequestListener, options: object = {}): Promise<HttpServer> {
  const server = await startHttpServer({ handler, ...LOCAL, ...options });
  servers.push(server);
  return server;
}

/** A request over an agent, answered with status, headers and whether its socket had been used before. */
function get(
  url: string,
  agent?: http.Agent,
): Promise<{ headers: http.IncomingHttpHeaders; text: string; reused: boolean }> {
  return new Promise((resolve, reject) => {
    const req = http.get(url, { agent }, (res) => {
      let text = '';
      res.on('data', (chunk) => {
        text += chunk;
      });
      res.on('end', () => resolve({ headers: res.headers, text, reused: req.reusedSocket }));
      res.on('error', reject);
    });
    req.on('error', reject);
  });
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close(0))));

describe('startHttpServer', () => {
  it('says where it can be reached', async () => {
    const server = await start((_req, res) => res.end('hi'), { host: '0.0.0.0' });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect((await get(server.url)).text).toBe('hi');
  });

  it('names the port and its variable when it is taken', async () => {
    const { port } = await start((_req, res) => res.end());
    const again = startHttpServer({ handler: () => undefined, ...LOCAL, port, portVariable: 'EDGE_PORT' });
    await expect(again).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `Port ${port} on 127.0.0.1 is taken: set EDGE_PORT to another port, or stop what uses it`,
    });
  });

  it('waits for running requests when it closes, tells them to let go, and accepts no more', async () => {
    const arrived = gate();
    const finish = gate();
    const server = await start(async (_req, res) => {
      arrived.open();
      await finish.opened;
      res.end('done');
    });
    const agent = new http.Agent({ keepAlive: true });
    const running = get(server.url, agent);
    await arrived.opened;
    let closed = false;
    const closing = server.close(10_000).then(() => {
      closed = true;
    });
    await expect(get(server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(closed).toBe(false);
    finish.open();
    const answer = await running;
    expect([answer.text, answer.headers.connection]).toEqual(['done', 'close']);
    await closing;
    agent.destroy();
  });

  it('does not wait for idle keep-alive connections', async () => {
    const server = await start((_req, res) => res.end('hi'));
    const agent = new http.Agent({ keepAlive: true });
    await get(server.url, agent);
    expect((await get(server.url, agent)).reused).toBe(true);
    const before = Date.now();
    await server.close(20_000);
    expect(Date.now() - before).toBeLessThan(5000);
    agent.destroy();
  });

  it('cuts what still runs at the deadline', async () => {
    const arrived = gate();
    const server = await start(() => arrived.open());
    const stuck = get(server.url);
    stuck.catch(() => undefined);
    await arrived.opened;
    await server.close(50);
    await expect(stuck).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  describe('a request to upgrade', () => {
    const ASKS = 'GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhead';
    const ask = (server: HttpServer) =>
      net.connect(server.port, '127.0.0.1', function connected(this: net.Socket) {
        this.write(ASKS);
      });

    it('is handed over with what came behind it', async () => {
      const server = await start((_req, res) => res.end(), {
        upgrade: (req, socket, head) => socket.end(`${req.url} ${head}`),
      } satisfies Partial<HttpServerOptions>);
      const [answer] = (await once(ask(server), 'data')) as [Buffer];
      expect(String(answer)).toBe('/socket head');
    });

    it('is a request like any other where nobody takes it', async () => {
      const server = await start((req, res) => res.end(req.url));
      const [answer] = (await once(ask(server), 'data')) as [Buffer];
      expect(String(answer)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    });

    it('is waited for when the server closes, until the deadline', async () => {
      const taken = gate();
      const server = await start((_req, res) => res.end(), { upgrade: () => taken.open() });
      const client = ask(server);
      await taken.opened;
      const cut = once(client, 'close');
      await server.close(50);
      await cut;
    });
  });

  it.each([
    ['headers', { headersTimeoutMs: 100, requestTimeoutMs: 10_000 }, 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['a body', { requestTimeoutMs: 100 }, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab'],
  ])('gives up on a client that is slow to send %s', async (_what, limits, begun) => {
    const server = await start((req) => req.resume(), limits);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = net.connect(server.port, '127.0.0.1', () => socket.write(begun));
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('urn:herald:problem:request-timeout');
  });

  /** All that comes back for bytes on a connection, until it is closed. */
  function exchange(server: HttpServer, bytes: string): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      const socket = net.connect(server.port, '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
  }

  it('closes a connection that never said anything without a word', async () => {
    const server = await start((_req, res) => res.end(), { headersTimeoutMs: 100 });
    expect(await exchange(server, '')).toBe('');
    expect(await exchange(server, 'G')).toMatch(/^HTTP\/1\.1 408 /);
  });

  const statuses = (text: string) =>
    [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

  it.each([
    ['what is not HTTP', 'GARBAGE\r\n\r\n', 400, 'bad-request'],
    ['headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(50_000)}`, 431, 'headers-too-large'],
    [
      'a request without a Host',
      'GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'bad-request',
    ],
    [
      'an unknown coding',
      'GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n',
      400,
      'bad-request',
    ],
  ])('answers %s with a problem, and never asks the handler', async (_what, bytes, status, type) => {
    let handled = 0;
    const server = await start((_req, res) => {
      handled += 1;
      res.end();
    });
    const answer = await exchange(server, bytes);
    expect([statuses(answer), handled]).toEqual([[status], 0]);
    expect(answer).toContain(`"type":"urn:herald:problem:${type}"`);
  });

  it('answers what came before on the connection first', async () => {
    const finish = gate();
    const server = await start((_req, res) => void finish.opened.then(() => res.end('first')));
    const answer = exchange(server, 'GET / HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\r\n\r\n');
    finish.open();
    expect(statuses(await answer)).toEqual([200, 400]);
  });

  it.each([
    ['http://elsewhere.example/a?b', '/a?b'],
    ['HTTPS://elsewhere.example', '/'],
    ['http://elsewhere.example?b', '/?b'],
    ['//a', '//a'],
  ])('takes the target %s for %s', async (target, url) => {
    const server = await start((req, res) => res.end(req.url));
    const answer = await exchange(server, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer.endsWith(`\r\n\r\n${url}`)).toBe(true);
  });

  it('cuts a client that does not read its answer', async () => {
    const cut = gate();
    const server = await start(
      (_req, res) => {
        res.on('close', cut.open);
        res.write(Buffer.alloc(50_000_000));
      },
      { idleTimeoutMs: 100 },
    );
    const socket = net.connect(server.port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    );
    socket.on('error', () => undefined).pause();
    await cut.opened;
    socket.destroy();
  });

  it('closes connections beyond its limit', async () => {
    const server = await start((_req, res) => res.end('hi'), { maxConnections: 1 });
    const agent = new http.Agent({ keepAlive: true });
    expect((await get(server.url, agent)).text).toBe('hi');
    expect(await exchange(server, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toBe('');
    expect((await get(server.url, agent)).text).toBe('hi');
    agent.destroy();
  });
});
