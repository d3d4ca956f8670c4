import { once } from 'node:events';
import http from 'node:http';
import { type AddressInfo } from 'node:net';
import { closedLoop } from './closed-loop';
import { HttpConnection } from './http-connection';
import { openLoop } from './open-loop';
import { prebuildRequests } from './prebuilt-requests';

interface Received {
  url?: string;
  authorization?: string;
  body: { notifications?: { idempotencyKey: string }[]; idempotencyKey?: string };
}

let server: http.Server;
let received: Received[];
let running: number;
let mostRunning: number;
let connections: HttpConnection[];

beforeEach(async () => {
  received = [];
  running = 0;
  mostRunning = 0;
  server = http.createServer(async (req, res) => {
    running += 1;
    mostRunning = Math.max(mostRunning, running);
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const { url, headers } = req;
    received.push({
      url,
      authorization: headers.authorization,
      body: JSON.parse(String(Buffer.concat(chunks))),
    });
    running -= 1;
    res.writeHead(received.length === 3 ? 429 : 202, { 'content-length': 2 }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  connections = await Promise.all(Array.from({ length: 4 }, connect));
});

afterEach(async () => {
  for (const connection of connections) connection.close();
  await new Promise((resolve) => server.close(resolve));
});

function connect(): Promise<HttpConnection> {
  const { port } = server.address() as AddressInfo;
  return HttpConnection.connect({ host: '127.0.0.1', port }, (error) => {
    throw error;
  });
}

const plan = { path: '/v1/x', host: 'test', apiKey: 'secret', run: 'r1', count: 25, perRequest: 1 };
const uniqueKeys = () =>
  new Set(received.flatMap(({ body }) => (body.notifications ?? [body]).map((item) => item.idempotencyKey)));

it('posts each notification once, one at a time per connection, and counts the answers', async () => {
  const result = await closedLoop(connections, prebuildRequests(plan));
  expect(result.statuses).toEqual({ 202: 24, 429: 1 });
  expect(received).toHaveLength(25);
  expect(received[0]).toMatchObject({ url: '/v1/x', authorization: 'Bearer secret' });
  expect(uniqueKeys().size).toBe(25);
  expect(mostRunning).toBeLessThanOrEqual(4);
  expect(result.endedAt).toBeGreaterThan(result.startedAt);
});

it('packs batches', async () => {
  await closedLoop(connections, prebuildRequests({ ...plan, perRequest: 10 }));
  expect(received.map(({ body }) => body.notifications?.length).sort()).toEqual([10, 10, 5]);
  expect(uniqueKeys().size).toBe(25);
});

it('keeps to the rate of an open loop', async () => {
  const result = await openLoop(connections, prebuildRequests({ ...plan, count: 50 }), 200);
  expect(received).toHaveLength(50);
  expect(uniqueKeys().size).toBe(50);
  // The last of 50 is due after 49 / 200 s, and never before.
  expect(result.endedAt - result.startedAt).toBeGreaterThanOrEqual(244);
  expect(result.answerP50Ms).toBeLessThanOrEqual(result.answerP99Ms);
});
