import http from 'node:http';
import net from 'node:net';
import { type HttpServer, startHttpServer } from './start-http-server';

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
  });
});
