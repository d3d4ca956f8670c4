import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { ProblemError } from './problem-error';
import { readJsonBody } from './read-json-body';

/** What reading gives for raw bytes sent to a server; the client hangs up after them when asked. */
async function reading(raw: string, { hangUp = false, limitBytes = 1000 } = {}): Promise<unknown> {
  let socket: net.Socket | undefined;
  const server = createServer();
  const outcome = new Promise<unknown>((resolve) => {
    server.on('request', async (req, res) => {
      if (hangUp) socket?.destroy();
      const result = await readJsonBody(req, limitBytes).catch((error) => error);
      res.end();
      resolve(result);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket?.write(raw));
  socket.on('error', () => undefined);
  const result = await outcome;
  socket.destroy();
  server.close();
  return result;
}

const head = (...lines: string[]) => ['POST / HTTP/1.1', 'Host: x', ...lines, '', ''].join('\r\n');
const JSON_TYPE = 'Content-Type: application/json';

describe('readJsonBody', () => {
  it('reads a body in one piece or in chunks', async () => {
    expect(await reading(`${head(JSON_TYPE, 'Content-Length: 7')}{"a":1}`)).toEqual({ a: 1 });
    const chunks = '4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n';
    expect(await reading(`${head(JSON_TYPE, 'Transfer-Encoding: chunked')}${chunks}`)).toEqual({ a: 1 });
  });

  it('gives undefined without a body, whatever its type is said to be', async () => {
    expect(await reading(head())).toBeUndefined();
    expect(await reading(head('Content-Type: text/plain', 'Content-Length: 0'))).toBeUndefined();
    expect(await reading(`${head(JSON_TYPE, 'Transfer-Encoding: chunked')}0\r\n\r\n`)).toBeUndefined();
  });

  it('refuses a type, an encoding and a length without waiting for the body', async () => {
    const failures = await Promise.all([
      reading(head('Content-Length: 7')),
      reading(head(JSON_TYPE, 'Content-Encoding: gzip', 'Content-Length: 7')),
      reading(head(JSON_TYPE, 'Content-Length: 1001')),
    ]);
    expect(failures.map((failure) => (failure as ProblemError).status)).toEqual([415, 415, 413]);
  });

  it('refuses what grows beyond the limit', async () => {
    const chunks = `a\r\n"123456789\r\n`;
    const failure = await reading(`${head(JSON_TYPE, 'Transfer-Encoding: chunked')}${chunks}`, {
      limitBytes: 9,
    });
    expect(failure).toMatchObject({ type: 'payload-too-large', extensions: { limitBytes: 9 } });
  });

  it('does not wait for a client that hung up', async () => {
    const failure = await reading(`${head(JSON_TYPE, 'Content-Length: 7')}{"a"`, { hangUp: true });
    expect(failure).toBeInstanceOf(ProblemError);
    expect(failure).toMatchObject({ type: 'bad-request' });
  });
});
