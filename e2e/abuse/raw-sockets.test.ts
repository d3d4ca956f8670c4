import { gzipSync } from 'node:zlib';
import { createTenant, type TestTenant, until } from '@herald/testing';
import { email, newEmail } from '../harness/notifications';
import { useCluster } from '../harness/use-cluster';
import { exchangeRaw, openRaw, type RawAnswer, requestText, untilAnswered } from './raw-socket';

const MAX_CONNECTIONS = 150;

const cluster = useCluster({
  services: ['ingest-api', 'edge'],
  env: {
    HTTP_HEADERS_TIMEOUT_MS: '800',
    HTTP_REQUEST_TIMEOUT_MS: '1600',
    HTTP_MAX_CONNECTIONS: String(MAX_CONNECTIONS),
    // The least there may be: three batches.
    INTAKE_MAX_BODY_BYTES: String(32 * 1024 * 1024),
  },
});

const url = () => cluster.service('ingest-api').url;
const auth = (tenant: TestTenant = cluster.tenant) => `Authorization: Bearer ${tenant.key}`;
/** For tables, which are made before there is a key. */
const AUTH = 'Authorization: Bearer <key>';
const withKey = (bytes: string | Buffer) =>
  typeof bytes === 'string' ? bytes.replace('<key>', cluster.tenant.key) : bytes;
const CLOSE = 'Connection: close';
const JSON_TYPE = 'Content-Type: application/json';
const body = () =>
  JSON.stringify(email(newEmail(), { sendAt: new Date(Date.now() + 3_600_000).toISOString() }));

/** The last answer has to be a problem of this status. */
function expectProblem({ text, statuses }: RawAnswer, status: number): void {
  expect(statuses.at(-1)).toBe(status);
  expect(text).toContain('application/problem+json');
  expect(text).toMatch(/"type":"urn:herald:problem:[a-z-]+"/);
}

const alive = async () =>
  expect((await cluster.api().post('/v1/notifications', JSON.parse(body()))).status).toBe(202);

describe('what is not HTTP, or HTTP that two readers could read differently, is refused with a problem', () => {
  const post = (headers: string[], text = '5\r\nabcde\r\n0\r\n\r\n') =>
    requestText('POST /v1/notifications HTTP/1.1', headers, text);

  it.each<[string, number, string | Buffer]>([
    ['garbage', 400, 'GARBAGE\r\n\r\n'],
    ['a TLS hello', 400, Buffer.from('16030100a5010000a10303', 'hex')],
    ['HTTP/2 in plain text', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown version', 400, requestText('GET /livez HTTP/9.9')],
    ['an unknown method', 400, requestText('FOO /livez HTTP/1.1')],
    ['a NUL in the path', 400, requestText('GET /v1/\0 HTTP/1.1')],
    ['a NUL in a header', 400, requestText('GET /livez HTTP/1.1', ['X-A: a\0b'])],
    ['a header without a name', 400, requestText('GET /livez HTTP/1.1', [': x'])],
    ['a space before the colon', 400, post(['Transfer-Encoding : chunked'])],
    ['both lengths', 400, post(['Content-Length: 5', 'Transfer-Encoding: chunked'])],
    ['both lengths, turned round', 400, post(['Transfer-Encoding: chunked', 'Content-Length: 5'])],
    ['two lengths', 400, post(['Content-Length: 5', 'Content-Length: 6'])],
    ['a signed length', 400, post(['Content-Length: +5'])],
    ['a negative length', 400, post(['Content-Length: -5'])],
    ['a huge length', 400, post(['Content-Length: 99999999999999999999999999'])],
    ['an encoding after chunked', 400, post(['Transfer-Encoding: chunked, identity'])],
    ['an encoding that looks like chunked', 400, post(['Transfer-Encoding: xchunked'])],
    [
      'a bad chunk size',
      400,
      post([AUTH, JSON_TYPE, 'Transfer-Encoding: chunked'], '5;\nx\r\nabcde\r\n0\r\n\r\n'),
    ],
    ['no Host', 400, `GET /livez HTTP/1.1\r\n${CLOSE}\r\n\r\n`],
    ['a very long URL', 431, requestText(`GET /${'a'.repeat(20_000)} HTTP/1.1`)],
    ['very long headers', 431, requestText('GET /livez HTTP/1.1', [`X-A: ${'a'.repeat(200_000)}`])],
    ['broken escapes', 400, requestText('GET /v1/notifications/%zz HTTP/1.1', [AUTH, CLOSE])],
    ['an unknown path of escapes', 404, requestText('GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1', [CLOSE])],
    [
      'another content encoding',
      415,
      post([AUTH, JSON_TYPE, 'Content-Encoding: gzip', 'Content-Length: 3', CLOSE], 'abc'),
    ],
  ])('%s: %i', async (_name, status, bytes) => {
    const answer = await exchangeRaw(url(), withKey(bytes), 1);
    expect(answer.statuses).toHaveLength(1);
    expectProblem(answer, status);
  });

  it.each<[string, string]>([
    ['line feeds alone', 'GET /livez HTTP/1.1\nHost: x\nConnection: close\n\n'],
    ['a folded header', requestText('GET /livez HTTP/1.1', ['X-A: a', ' b', CLOSE])],
    ['two Hosts', requestText('GET /livez HTTP/1.1', ['Host: other', CLOSE])],
    ['3000 headers', requestText('GET /livez HTTP/1.1', [...Array(3000).fill('a:b'), CLOSE])],
    ['an unknown expectation', requestText('GET /livez HTTP/1.1', ['Expect: the-worst', CLOSE])],
    ['an upgrade', requestText('GET /livez HTTP/1.1', ['Upgrade: h2c', 'Connection: Upgrade, close'])],
    ['a tunnel', requestText('CONNECT internal:22 HTTP/1.1', [CLOSE])],
  ])('%s: at most one answer, and no fault of ours', async (_name, bytes) => {
    const { statuses, closed } = await exchangeRaw(url(), bytes);
    expect(statuses.length).toBeLessThanOrEqual(1);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    expect(closed).toBe(true);
  });

  it('a request hidden behind a coding that only others know is not carried out', async () => {
    const hidden = requestText(
      'POST /v1/notifications HTTP/1.1',
      [AUTH, JSON_TYPE, 'Content-Length: 2', CLOSE],
      '{}',
    );
    const text = requestText(
      'POST /v1/notifications HTTP/1.1',
      [AUTH, JSON_TYPE, 'Transfer-Encoding: xchunked'],
      hidden,
    );
    const answer = await exchangeRaw(url(), text.replaceAll('<key>', cluster.tenant.key));
    expect(answer.statuses).toEqual([400]);
  });

  afterAll(alive);
});

describe('what is unusual and right is answered', () => {
  const post = (line: string, headers: string[], text: string) =>
    requestText(line, [auth(), JSON_TYPE, `Content-Length: ${Buffer.byteLength(text)}`, ...headers], text);

  it.each<[string, () => string, number[]]>([
    ['HTTP/1.0', () => 'GET /livez HTTP/1.0\r\n\r\n', [200]],
    [
      'a target in absolute form',
      () => requestText('GET http://elsewhere.example/livez HTTP/1.1', [CLOSE]),
      [200],
    ],
    [
      'the same for a POST',
      () => post('POST http://elsewhere.example/v1/notifications HTTP/1.1', [CLOSE], body()),
      [202],
    ],
    ['the asterisk', () => requestText('OPTIONS * HTTP/1.1', [CLOSE]), [404]],
    [
      'Expect: 100-continue',
      () => post('POST /v1/notifications HTTP/1.1', ['Expect: 100-continue', CLOSE], body()),
      [100, 202],
    ],
    [
      'a length too short',
      () => post('POST /v1/notifications HTTP/1.1', [], body()).concat('GARBAGE\r\n\r\n'),
      [202, 400],
    ],
  ])('%s', async (_name, bytes, expected) => {
    expect((await exchangeRaw(url(), bytes())).statuses).toEqual(expected);
  });

  it('a hundred requests at once on one connection, in order', async () => {
    const requests = Array.from({ length: 100 }, (_, n) =>
      requestText('GET /v1/notifications HTTP/1.1', [auth(), `X-Request-Id: piped-${n}`]),
    );
    const { text, statuses } = await exchangeRaw(url(), requests.join(''), 100);
    expect(statuses).toEqual(Array(100).fill(200));
    expect([...text.matchAll(/x-request-id: piped-(\d+)/gi)].map(([, n]) => Number(n))).toEqual([
      ...Array(100).keys(),
    ]);
  });
});

describe('slow clients', () => {
  /** Writes a byte every 100 ms for as long as the connection lasts. */
  const dribble = async (start: string) => {
    const socket = await openRaw(url(), start);
    const timer = setInterval(() => socket.writable && socket.write('a'), 100);
    return untilAnswered(socket).finally(() => clearInterval(timer));
  };

  it.each<[string, () => string]>([
    ['headers that never end', () => 'GET /livez HTTP/1.1\r\nX-A: '],
    ['a request line that never ends', () => 'GET /'],
    [
      'a body shorter than it says',
      () => requestText('POST /v1/notifications HTTP/1.1', [auth(), JSON_TYPE, 'Content-Length: 500'], '{'),
    ],
    [
      'a body of small pieces',
      () => requestText('POST /v1/notifications HTTP/1.1', [auth(), JSON_TYPE, 'Content-Length: 5000'], '{"'),
    ],
  ])('%s: 40 of them are cut, and others are served meanwhile', async (_name, start) => {
    const slow = Array.from({ length: 40 }, () => dribble(start()));
    await alive();
    const answers = await Promise.all(slow);
    expect(answers.every(({ closed }) => closed)).toBe(true);
    for (const answer of answers) expectProblem(answer, 408);
    await alive();
  });

  it('a connection that says nothing is closed', async () => {
    const { closed, text } = await untilAnswered(await openRaw(url()));
    expect([closed, text]).toEqual([true, '']);
  });

  it('bodies that are held back take no room from another tenant', async () => {
    const start = requestText(
      'POST /v1/notifications/batch HTTP/1.1',
      [auth(), JSON_TYPE, 'Transfer-Encoding: chunked'],
      '1\r\n{\r\n',
    );
    const other = await createTenant(cluster.admin);
    const held = await Promise.all(Array.from({ length: 30 }, () => openRaw(url(), start)));
    const { statuses } = await exchangeRaw(
      url(),
      requestText(
        'POST /v1/notifications HTTP/1.1',
        [auth(other), JSON_TYPE, `Content-Length: ${Buffer.byteLength(body())}`, CLOSE],
        body(),
      ),
    );
    expect(statuses).toEqual([202]);
    for (const socket of held) socket.destroy();
  });
});

describe('too much', () => {
  it('of connections: more than are allowed are closed, and there is room again when they go', async () => {
    const sockets = await Promise.all(Array.from({ length: MAX_CONNECTIONS + 100 }, () => openRaw(url())));
    const closed = new Set<unknown>();
    for (const socket of sockets)
      socket
        .once('end', () => closed.add(socket))
        .once('close', () => closed.add(socket))
        .resume();
    await until(() => closed.size >= 100);
    for (const socket of sockets) socket.destroy();
    await until(
      async () => (await exchangeRaw(url(), requestText('GET /livez HTTP/1.1', [CLOSE]))).statuses[0] === 200,
    );
    await alive();
  });

  it('of a body: announced, or piece by piece, or packed into a small one', async () => {
    const headers = [auth(), JSON_TYPE];
    const announced = await exchangeRaw(
      url(),
      requestText('POST /v1/notifications HTTP/1.1', [...headers, 'Content-Length: 99999999999', CLOSE]),
      1,
    );
    expectProblem(announced, 413);
    const chunk = `100000\r\n${' '.repeat(0x100000)}\r\n`;
    const chunked = await exchangeRaw(
      url(),
      requestText(
        'POST /v1/notifications/batch HTTP/1.1',
        [...headers, 'Transfer-Encoding: chunked', CLOSE],
        chunk.repeat(12),
      ),
      1,
    );
    expectProblem(chunked, 413);
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const head = requestText('POST /v1/notifications HTTP/1.1', [
      ...headers,
      'Content-Encoding: gzip',
      `Content-Length: ${bomb.length}`,
      CLOSE,
    ]);
    expectProblem(await exchangeRaw(url(), Buffer.concat([Buffer.from(head), bomb]), 1), 415);
    await alive();
  });

  it('a client that closes its half or hangs up half-way does no harm', async () => {
    const halves = await Promise.all(
      Array.from({ length: 20 }, () =>
        openRaw(url(), requestText('GET /v1/notifications HTTP/1.1', [auth()])),
      ),
    );
    for (const socket of halves) socket.end();
    for (const { closed } of await Promise.all(halves.map((socket) => untilAnswered(socket))))
      expect(closed).toBe(true);
    const start = requestText(
      'POST /v1/notifications HTTP/1.1',
      [auth(), JSON_TYPE, 'Content-Length: 500'],
      '{',
    );
    for (const socket of await Promise.all(Array.from({ length: 50 }, () => openRaw(url(), start))))
      socket.resetAndDestroy();
    await alive();
  });
});
