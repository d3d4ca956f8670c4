import { type LookupAddress } from 'node:dns';
import http from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Dispatcher, fetch, request } from 'undici';
import { ForbiddenAddressError } from './forbidden-address';
import { createGuardedDispatcher, type LookupAll, openGuardedSocket } from './guarded-dispatcher';

describe('createGuardedDispatcher', () => {
  let server: http.Server;
  let port: number;
  let hits: number;
  const open: Dispatcher[] = [];

  beforeAll(async () => {
    server = http.createServer((req, res) => {
      hits += 1;
      if (req.url === '/hang') return;
      if (req.url === '/redirect') res.writeHead(302, { location: `http://127.0.0.1:${port}/` });
      res.end(req.headers.host);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    hits = 0;
  });
  afterEach(() => Promise.all(open.splice(0).map((dispatcher) => dispatcher.destroy())));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  function guard(allow: string[] = [], lookup?: LookupAll): Dispatcher {
    const limits = { connectTimeoutMs: 2000, headersTimeoutMs: 1000, bodyTimeoutMs: 2000 };
    const dispatcher = createGuardedDispatcher({ allow, lookup, ...limits });
    open.push(dispatcher);
    return dispatcher;
  }

  const resolving =
    (...answers: LookupAddress[][]): LookupAll =>
    (_host, _options, callback) =>
      callback(null, (answers.length > 1 ? answers.shift() : answers[0]) as LookupAddress[]);
  const v4 = (address: string) => ({ address, family: 4 });

  // What a WHATWG URL makes of each: every one is a loopback, private or metadata address in disguise.
  it.each([
    ...[
      '127.0.0.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '0x7f.1',
      '127.1',
      '0',
      '017700000001',
      '127.0.0.1.',
    ],
    ...[
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[0:0:0:0:0:ffff:7f00:1]',
      '[::127.0.0.1]',
      '[64:ff9b::7f00:1]',
    ],
    ...[
      '[2002:7f00:1::]',
      '[fd00::1]',
      '[fe80::1]',
      '169.254.169.254',
      '0xa9fea9fe',
      '100.64.0.1',
      '10.0.0.1',
      '①②⑦.0.0.1',
    ],
  ])('refuses http://%s', async (host) => {
    const failure = request(`http://${host}:${port}/`, { dispatcher: guard() });
    await expect(failure).rejects.toMatchObject({ code: 'HERALD_FORBIDDEN_ADDRESS' });
    expect(hits).toBe(0);
  });

  it('refuses names that resolve to an internal address', async () => {
    const failure = request(`http://localhost:${port}/`, { dispatcher: guard() });
    await expect(failure).rejects.toBeInstanceOf(ForbiddenAddressError);
    expect(hits).toBe(0);
  });

  it('does not tell the address in its message', async () => {
    const dispatcher = guard([], resolving([v4('10.9.8.7')]));
    await expect(request('http://inside.example/', { dispatcher })).rejects.toMatchObject({
      message: 'inside.example does not lead to a public address',
      address: '10.9.8.7',
    });
  });

  it('refuses a name when one of its addresses is internal', async () => {
    const dispatcher = guard([], resolving([v4('93.184.216.34'), v4('127.0.0.1')]));
    await expect(request(`http://mixed.example:${port}/`, { dispatcher })).rejects.toBeInstanceOf(
      ForbiddenAddressError,
    );
    expect(hits).toBe(0);
  });

  it('connects only to addresses it has checked when the name is rebound', async () => {
    let lookups = 0;
    const rebinding: LookupAll = (_host, options, callback) => {
      lookups += 1;
      // 192.0.2.0/24 is never routed; allowed below, it stands for a public address.
      resolving(lookups === 1 ? [v4('192.0.2.1')] : [v4('127.0.0.1')])(_host, options, callback);
    };
    const dispatcher = createGuardedDispatcher({
      allow: ['192.0.2.0/24'],
      lookup: rebinding,
      connectTimeoutMs: 300,
      headersTimeoutMs: 1000,
      bodyTimeoutMs: 1000,
    });
    open.push(dispatcher);
    const first = request(`http://rebind.example:${port}/`, { dispatcher });
    await expect(first).rejects.not.toBeInstanceOf(ForbiddenAddressError);
    expect(lookups).toBe(1);
    const second = request(`http://rebind.example:${port}/`, { dispatcher });
    await expect(second).rejects.toBeInstanceOf(ForbiddenAddressError);
    expect(hits).toBe(0);
  });

  it.each([['allowed.example'], ['allowed.example:PORT'], ['127.0.0.0/8'], ['127.0.0.1']])(
    'reaches an internal target that is allowed as %s, with its own Host header',
    async (entry) => {
      const dispatcher = guard([entry.replace('PORT', String(port))], resolving([v4('127.0.0.1')]));
      const answer = await request(`http://allowed.example:${port}/`, { dispatcher });
      expect(await answer.body.text()).toBe(`allowed.example:${port}`);
    },
  );

  it('keeps to the allowed port', async () => {
    const dispatcher = guard([`allowed.example:${port + 1}`], resolving([v4('127.0.0.1')]));
    await expect(request(`http://allowed.example:${port}/`, { dispatcher })).rejects.toBeInstanceOf(
      ForbiddenAddressError,
    );
  });

  it('checks each hop when a client follows redirects', async () => {
    const dispatcher = guard(['allowed.example'], resolving([v4('127.0.0.1')]));
    const failure = fetch(`http://allowed.example:${port}/redirect`, { dispatcher });
    await expect(failure).rejects.toMatchObject({ cause: { code: 'HERALD_FORBIDDEN_ADDRESS' } });
    expect(hits).toBe(1);
  });

  it('keeps the time limits and reports names that do not resolve', async () => {
    const slow = request(`http://127.0.0.1:${port}/hang`, { dispatcher: guard(['127.0.0.1']) });
    await expect(slow).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
    const nowhere = request('http://nowhere.example/', { dispatcher: guard([], resolving([])) });
    await expect(nowhere).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('refuses a name with very many addresses for the one that is internal', async () => {
    const many = Array.from({ length: 2000 }, (_, n) => v4(`93.184.${n >> 8}.${n & 255}`));
    const dispatcher = guard([], resolving([...many, v4('169.254.169.254')]));
    await expect(request('http://many.example/', { dispatcher })).rejects.toBeInstanceOf(
      ForbiddenAddressError,
    );
  });

  describe('openGuardedSocket', () => {
    it.each(['127.0.0.1', '::1', '2130706433', '0x7f.1', 'localhost', '::ffff:127.0.0.1', '169.254.169.254'])(
      'refuses %s',
      async (host) => {
        const failure = openGuardedSocket(guard(), host, port);
        await expect(failure).rejects.toMatchObject({ code: 'HERALD_FORBIDDEN_ADDRESS' });
      },
    );

    it('goes to the address that was checked, and asks anew for each connection', async () => {
      const dispatcher = guard(['127.0.0.1'], resolving([v4('127.0.0.1')], [v4('127.0.0.2')]));
      const socket = await openGuardedSocket(dispatcher, 'mail.example', port);
      expect([socket.remoteAddress, socket.remotePort]).toEqual(['127.0.0.1', port]);
      socket.destroy();
      const again = openGuardedSocket(dispatcher, 'mail.example', port);
      await expect(again).rejects.toBeInstanceOf(ForbiddenAddressError);
    });

    it('keeps to the allowed port', async () => {
      const dispatcher = guard([`mail.internal:${port}`], resolving([v4('127.0.0.1')]));
      (await openGuardedSocket(dispatcher, 'mail.internal', port)).destroy();
      const other = openGuardedSocket(dispatcher, 'mail.internal', port + 1);
      await expect(other).rejects.toBeInstanceOf(ForbiddenAddressError);
    });
  });
});
