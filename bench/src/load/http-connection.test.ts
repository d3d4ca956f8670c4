import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { HttpConnection } from './http-connection';

const servers: net.Server[] = [];
const connections: HttpConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function connect(server: net.Server, onFailure: (error: Error) => void): Promise<HttpConnection> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const connection = await HttpConnection.connect({ host: '127.0.0.1', port }, onFailure);
  connections.push(connection);
  return connection;
}

const fail = (error: Error) => {
  throw error;
};
const get = (path: string) => Buffer.from(`GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`);
const answerTo = (connection: HttpConnection, path: string) =>
  new Promise<number>((resolve) => connection.send(get(path), resolve));

/** A server that sends these pieces for a request, each in a packet of its own. */
function scripted(pieces: string[]): net.Server {
  return net.createServer((socket) => {
    socket.setNoDelay(true);
    socket.once('data', async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    });
  });
}

it('reads the status of one answer after the other, whatever their length', async () => {
  const server = http.createServer((req, res) => {
    const body = Buffer.alloc(Number(req.url?.slice(1)), 'x');
    res.writeHead(body.length % 2 ? 503 : 202, { 'content-length': body.length }).end(body);
  });
  const connection = await connect(server, fail);
  for (const size of [0, 1, 200, 65_000, 400_001, 2]) {
    expect(await answerTo(connection, `/${size}`)).toBe(size % 2 ? 503 : 202);
  }
});

it('puts an answer together that comes in pieces', async () => {
  const connection = await connect(
    scripted(['HTTP/1.1 20', '2 Accepted\r\nContent-Le', 'ngth: 5\r\n\r', '\nhe', 'llo']),
    fail,
  );
  expect(await answerTo(connection, '/')).toBe(202);
});

it.each([
  ['without a length', 'HTTP/1.1 202 Accepted\r\n\r\n', 'without a length'],
  ['longer than it said', 'HTTP/1.1 202 Accepted\r\ncontent-length: 1\r\n\r\nxx', 'more than one answer'],
])('fails on an answer %s', async (_name, answer, message) => {
  const failed = new Promise<Error>((resolve) => {
    void connect(scripted([answer]), resolve).then((c) => c.send(get('/'), () => undefined));
  });
  expect((await failed).message).toContain(message);
});

it('fails when the server hangs up', async () => {
  const failed = new Promise<Error>((resolve) => {
    const server = net.createServer((socket) => socket.once('data', () => socket.end()));
    void connect(server, resolve).then((c) => c.send(get('/'), () => undefined));
  });
  expect((await failed).message).toContain('closed a connection');
});
