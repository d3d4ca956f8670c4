import { newApiKey } from '../crypto/api-key';
import { type ApiKeyRecord, Authenticator, type AuthenticatorOptions } from './authenticator';

const OPERATOR_KEY = 'operator-key-of-this-herald';

function unavailable(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

/** An authenticator over a table of keys, on a clock that the test turns. */
function setUp(options: Partial<AuthenticatorOptions> = {}) {
  const table = new Map<string, ApiKeyRecord>();
  const state = { now: 1_000_000, lookups: 0, failure: undefined as Error | undefined, used: [] as string[] };
  const authenticator = new Authenticator({
    findKeyByHash: async (hash) => {
      state.lookups += 1;
      if (state.failure) throw state.failure;
      return table.get(hash.toString('hex'));
    },
    operatorKey: OPERATOR_KEY,
    now: () => state.now,
    onUsed: (keyId) => state.used.push(keyId),
    ...options,
  });
  function addKey(changes: Partial<ApiKeyRecord> = {}): {
    header: string;
    record: ApiKeyRecord;
    hash: string;
  } {
    const { key, hash } = newApiKey('live');
    const record: ApiKeyRecord = {
      id: `key-${table.size + 1}`,
      tenantId: 'tenant-1',
      live: true,
      scopes: ['notifications:write'],
      burst: 100,
      perSecond: 50,
      expiresAt: null,
      revokedAt: null,
      tenantDisabled: false,
      ...changes,
    };
    table.set(hash.toString('hex'), record);
    return { header: `Bearer ${key}`, record, hash: hash.toString('hex') };
  }
  return { authenticator, state, table, addKey };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('Authenticator', () => {
  it('knows a key, and answers synchronously once it is cached', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey();
    const first = authenticator.authenticate(header);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toEqual({
      kind: 'tenant',
      keyId: 'key-1',
      tenantId: 'tenant-1',
      live: true,
      scopes: new Set(['notifications:write']),
      rateLimit: { burst: 100, perSecond: 50 },
    });
    expect(authenticator.authenticate(header)).toMatchObject({ kind: 'tenant', keyId: 'key-1' });
    expect(authenticator.authenticate(header.replace('Bearer', 'bearer'))).toMatchObject({ kind: 'tenant' });
    expect(state.lookups).toBe(1);
    expect(state.used).toEqual(['key-1', 'key-1', 'key-1']);
  });

  it('looks a key up once however many ask at the same time', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey();
    const answers = await Promise.all(Array.from({ length: 50 }, () => authenticator.authenticate(header)));
    expect(new Set(answers).size).toBe(1);
    expect(state.lookups).toBe(1);
  });

  it('lets 5,000 wrong keys neither take the database nor delay a good one', async () => {
    const table = setUp();
    const running = { now: 0, most: 0, all: 0 };
    const { authenticator, addKey } = setUp({
      findKeyByHash: async (hash) => {
        running.now += 1;
        running.all += 1;
        running.most = Math.max(running.most, running.now);
        await settle();
        running.now -= 1;
        return table.table.get(hash.toString('hex'));
      },
    });
    const good = addKey();
    table.table.set(good.hash, good.record);
    await authenticator.authenticate(good.header);
    const before = running.all;
    const guesses = Array.from({ length: 5000 }, () =>
      Promise.resolve(authenticator.authenticate(`Bearer ${newApiKey('live').key}`)).then(
        () => 'unauthorized',
        (error) => error.type,
      ),
    );
    expect(authenticator.authenticate(good.header)).toMatchObject({ keyId: good.record.id });
    const answers = await Promise.all(guesses);
    expect(running.most).toBe(2);
    expect(running.all - before).toBe(answers.filter((answer) => answer === 'unauthorized').length);
    expect(running.all - before).toBeLessThanOrEqual(600);
    expect(new Set(answers)).toEqual(new Set(['unauthorized', 'overloaded']));
    const late = addKey();
    table.table.set(late.hash, late.record);
    expect(await authenticator.authenticate(late.header)).toMatchObject({ keyId: late.record.id });
  });

  it('knows the operator without a look-up', () => {
    const { authenticator, state } = setUp();
    expect(authenticator.authenticate(`Bearer ${OPERATOR_KEY}`)).toEqual({ kind: 'operator' });
    expect(authenticator.authenticate(`Bearer ${OPERATOR_KEY}x`)).toMatchObject({ kind: 'failure' });
    expect(state.lookups).toBe(0);
  });

  it('has no operator when no key is set', () => {
    const { authenticator } = setUp({ operatorKey: undefined });
    for (const header of ['Bearer undefined', 'Bearer ', `Bearer ${OPERATOR_KEY}`]) {
      expect(authenticator.authenticate(header)).toMatchObject({ kind: 'failure' });
    }
  });

  it.each([
    [undefined, 'Send an API key'],
    ['', 'must be "Bearer"'],
    ['Basic abc', 'must be "Bearer"'],
    ['Bearer a b', 'must be "Bearer"'],
    [`Bearer ${'x'.repeat(600)}`, 'must be "Bearer"'],
    ['Bearer nonsense', 'is not known'],
    ['Bearer hk_live_tooshort', 'is not known'],
  ])('refuses the header %j at once', (header, detail) => {
    const { authenticator, state } = setUp();
    expect(authenticator.authenticate(header)).toMatchObject({
      kind: 'failure',
      type: 'unauthorized',
      detail: expect.stringContaining(detail),
      challenge: expect.stringMatching(/^Bearer realm="herald"/),
    });
    expect(state.lookups).toBe(0);
  });

  it('remembers unknown keys shortly, and then notices a new one', async () => {
    const { authenticator, state, table, addKey } = setUp();
    const { header, hash, record } = addKey();
    table.delete(hash);
    expect(await authenticator.authenticate(header)).toMatchObject({ detail: 'The API key is not known.' });
    expect(authenticator.authenticate(header)).toMatchObject({ kind: 'failure' });
    expect(state.lookups).toBe(1);
    table.set(hash, record);
    state.now += 1000;
    expect(await authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
  });

  it('does not let guesses push out known keys', async () => {
    const { authenticator, state, addKey } = setUp({ maxCached: 10 });
    const { header } = addKey();
    await authenticator.authenticate(header);
    for (let i = 0; i < 2000; i++) await authenticator.authenticate(`Bearer ${newApiKey('live').key}`);
    const before = state.lookups;
    expect(authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
    expect(state.lookups).toBe(before);
  });

  it('keeps at most so many keys', async () => {
    const { authenticator, state, addKey } = setUp({ maxCached: 2 });
    const headers = [addKey(), addKey(), addKey()].map((key) => key.header);
    for (const header of headers) await authenticator.authenticate(header);
    expect(authenticator.authenticate(headers[2])).toMatchObject({ kind: 'tenant' });
    expect(authenticator.authenticate(headers[0])).toBeInstanceOf(Promise);
    expect(state.lookups).toBe(4);
  });
});

describe('keys that end', () => {
  it('checks expiry at each call, also of cached keys', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey({ expiresAt: new Date(state.now + 500) });
    expect(await authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
    state.now += 499;
    expect(authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
    state.now += 1;
    expect(authenticator.authenticate(header)).toMatchObject({ detail: 'The API key has expired.' });
  });

  it('honours a revocation that lies ahead at its moment', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey({ revokedAt: new Date(state.now + 500) });
    expect(await authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
    state.now += 500;
    expect(authenticator.authenticate(header)).toMatchObject({ detail: 'The API key was revoked.' });
  });

  it('refuses the keys of a disabled tenant and counts no use', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey({ tenantDisabled: true });
    expect(await authenticator.authenticate(header)).toMatchObject({ kind: 'failure', type: 'unauthorized' });
    expect(state.used).toEqual([]);
  });

  it('notices a revocation when its time in the cache is up, even for a key that was long unused', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header, record } = addKey();
    await authenticator.authenticate(header);
    record.revokedAt = new Date(state.now);
    state.now += 3000;
    const answer = authenticator.authenticate(header);
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toMatchObject({ detail: 'The API key was revoked.' });
  });

  it('refreshes a key in steady use before its time is up, without making anyone wait', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header, record } = addKey();
    await authenticator.authenticate(header);
    for (let i = 0; i < 10; i++) {
      state.now += 1500;
      expect(authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
      await settle();
    }
    expect(state.lookups).toBe(11);
    record.revokedAt = new Date(state.now);
    state.now += 1500;
    expect(authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
    await settle();
    expect(authenticator.authenticate(header)).toMatchObject({ kind: 'failure' });
  });

  it('forgets a key that was deleted', async () => {
    const { authenticator, state, table, addKey } = setUp();
    const { header } = addKey();
    await authenticator.authenticate(header);
    table.clear();
    state.now += 3000;
    expect(await authenticator.authenticate(header)).toMatchObject({ detail: 'The API key is not known.' });
  });
});

describe('while the database is down', () => {
  it('believes a cached key for a minute past its time, asking again once a second', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey();
    await authenticator.authenticate(header);
    state.failure = unavailable();
    state.now += 3000;
    expect(await authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
    expect(authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
    expect(state.lookups).toBe(2);
    state.now += 1000;
    expect(await authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
    expect(state.lookups).toBe(3);
    state.now += 59_000;
    await expect(authenticator.authenticate(header)).rejects.toBe(state.failure);
  });

  it('still checks expiry', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey({ expiresAt: new Date(state.now + 5000) });
    await authenticator.authenticate(header);
    state.failure = unavailable();
    state.now += 5000;
    expect(await authenticator.authenticate(header)).toMatchObject({ detail: 'The API key has expired.' });
  });

  it('fails for a key it does not know, and remembers nothing of it', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey();
    state.failure = unavailable();
    await expect(authenticator.authenticate(header)).rejects.toBe(state.failure);
    state.failure = undefined;
    expect(await authenticator.authenticate(header)).toMatchObject({ kind: 'tenant' });
  });

  it('does not hide errors that are no outage', async () => {
    const { authenticator, state, addKey } = setUp();
    const { header } = addKey();
    await authenticator.authenticate(header);
    state.failure = new TypeError('a bug');
    state.now += 3000;
    await expect(authenticator.authenticate(header)).rejects.toThrow('a bug');
  });
});
