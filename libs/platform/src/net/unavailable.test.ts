import { type AddressInfo, createServer } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import { Client, Pool } from 'pg';
import { isUnavailable } from './unavailable';

const withCode = (code: string) => Object.assign(new Error('x'), { code });

describe('isUnavailable', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', '57P01', '57P03', '53300', '08006', '08P01', '57014'])(
    'knows %s',
    (code) => expect(isUnavailable(withCode(code))).toBe(true),
  );

  it.each(['23505', '42P01', '22P02', '40001', 'ERR_INVALID_ARG_TYPE', '57P04x'])(
    'does not mistake %s',
    (code) => {
      expect(isUnavailable(withCode(code))).toBe(false);
    },
  );

  it('looks into wrappers, and not for ever', () => {
    expect(isUnavailable(new Error('x', { cause: withCode('57P01') }))).toBe(true);
    expect(isUnavailable(Object.assign(new Error('x'), { driverError: withCode('53300') }))).toBe(true);
    expect(isUnavailable(new AggregateError([withCode('ECONNREFUSED')]))).toBe(true);
    const loop = new Error('x');
    loop.cause = loop;
    expect(isUnavailable(loop)).toBe(false);
  });

  it.each([undefined, null, 'ECONNREFUSED', { code: 'ECONNREFUSED' }, new Error('timeout')])(
    'is false for %p',
    (value) => {
      expect(isUnavailable(value)).toBe(false);
    },
  );

  it('knows what pg throws when nobody listens', async () => {
    const failure = await new Client({ host: '127.0.0.1', port: 1 }).connect().catch((error) => error);
    expect(isUnavailable(failure)).toBe(true);
  });

  it.each([
    ['gives up trying', { maxRetriesPerRequest: 1, retryStrategy: (): number => 1 }],
    ['may not wait', { enableOfflineQueue: false, retryStrategy: (): number => 1 }],
    ['is closed', { retryStrategy: null }],
  ])('knows what ioredis throws when nobody listens and it %s', async (_name, options) => {
    const client = new Redis({ host: '127.0.0.1', port: 1, ...options });
    client.on('error', () => undefined);
    const failure = await client.ping().catch((error) => error);
    client.disconnect();
    expect([failure.message, isUnavailable(failure)]).toEqual([failure.message, true]);
  });

  it.each([
    ["READONLY You can't write against a read only replica.", true],
    ['LOADING Redis is loading the dataset in memory', true],
    ['CLUSTERDOWN The cluster is down', true],
    ["OOM command not allowed when used memory > 'maxmemory'.", true],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', false],
    ['ERR Error running script: READONLY', false],
  ])('what Redis answers: %s', async (reply, expected) => {
    const server = createServer((socket) => void socket.on('data', () => socket.write(`-${reply}\r\n`)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = new Redis({ port, enableReadyCheck: false, disableClientInfo: true, protocol: 2 });
    const failure = await client.ping().catch((error) => error);
    client.disconnect();
    server.close();
    expect([failure.message, isUnavailable(failure)]).toEqual([reply, expected]);
  });

  it('knows what ioredis throws when no node of a cluster is there, and when it is sent round in circles', async () => {
    for (const enableOfflineQueue of [true, false]) {
      const options = { clusterRetryStrategy: () => null, enableOfflineQueue };
      const client = new Cluster([{ host: '127.0.0.1', port: 1 }], options);
      const told = new Promise((resolve) => client.once('error', resolve));
      const failure = await client.ping().catch((error) => error);
      expect([failure.message, isUnavailable(failure)]).toEqual([failure.message, true]);
      expect(isUnavailable(await told)).toBe(true);
    }
    const circles = new Error('Too many Cluster redirections. Last error: ReplyError: MOVED 1 127.0.0.1:1');
    expect(isUnavailable(circles)).toBe(true);
  });

  it('knows what pg throws when the server is silent or hangs up', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => hangUp && socket.destroy());
    });
    let hangUp = false;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const pool = new Pool({ host: '127.0.0.1', port, connectionTimeoutMillis: 50 });
    const silent = await pool.query('SELECT 1').catch((error) => error);
    hangUp = true;
    const cut = await pool.query('SELECT 1').catch((error) => error);
    await pool.end();
    server.close();
    expect([silent.message, isUnavailable(silent)]).toEqual([silent.message, true]);
    expect([cut.message, isUnavailable(cut)]).toEqual([cut.message, true]);
  });
});
