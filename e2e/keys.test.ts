import { type ApiKeyDto, type CreatedApiKeyDto, type ProblemDto } from '@herald/contracts';
import { createKey, createTenant, demoTenantId, type TestTenant, until } from '@herald/testing';
import {
  email,
  newEmail,
  newPhone,
  readDelivery,
  readNotification,
  send,
  sendOne,
  sms,
  unique,
  untilState,
  webhook,
} from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();
const own = { tenant: {} as TestTenant };

beforeAll(async () => {
  own.tenant = await createTenant(herald.admin);
});

const statusWith = async (key: string | null) => (await herald.api.get('/v1/notifications', { key })).status;

/** Waits until a key is refused; gives the problem and how long that took. */
async function untilRefused(key: string): Promise<{ problem: ProblemDto; tookMs: number }> {
  const began = performance.now();
  const problem = await until(async () => {
    const { status, body } = await herald.api.get('/v1/notifications', { key });
    return status === 401 && body;
  });
  return { problem, tookMs: performance.now() - began };
}

/** The cache of keys holds for 3 s; the rest is for a busy machine. */
const WITHIN_SECONDS = 6000;

describe('a key', () => {
  it.each([
    ['missing', undefined],
    ['not a bearer token', 'Basic aGs6'],
    ['of no known form', 'Bearer nonsense'],
    ['unknown', `Bearer hk_live_${'x'.repeat(43)}`],
    ['two at once', 'Bearer a, Bearer b'],
  ])('%s is refused, for reading and for posting', async (_name, authorization) => {
    const headers: Record<string, string> = authorization ? { authorization } : {};
    const answers = await Promise.all([
      herald.api.get('/v1/notifications', { key: null, headers }),
      herald.api.post('/v1/notifications', email(newEmail()), { key: null, headers }),
      herald.api.post('/v1/notifications/batch', { notifications: [] }, { key: null, headers }),
      herald.api.get('/v1/dead-letters', { key: null, headers }),
    ]);
    for (const { status, headers: got, body } of answers) {
      expect([status, body.type]).toEqual([401, 'urn:herald:problem:unauthorized']);
      expect(got.get('www-authenticate')).toContain('Bearer realm="herald"');
    }
  });

  it('that expires stops then', async () => {
    const expiresAt = new Date(Date.now() + 1500).toISOString();
    const { key } = await createKey(herald.admin, own.tenant.id, { expiresAt });
    expect(await statusWith(key)).toBe(200);
    const { problem } = await untilRefused(key);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect(Date.now() - Date.parse(expiresAt)).toBeLessThan(WITHIN_SECONDS);
    expect(problem.detail).toContain('expired');
  });

  it('that is revoked stops within seconds, for posting too', async () => {
    const { id, key } = await createKey(herald.admin, own.tenant.id);
    expect(await statusWith(key)).toBe(200);
    expect((await herald.api.delete(`/v1/api-keys/${id}`, { key: own.tenant.key })).status).toBe(204);
    const { problem, tookMs } = await untilRefused(key);
    expect(tookMs).toBeLessThan(WITHIN_SECONDS);
    expect(problem.detail).toContain('revoked');
    const post = await herald.api.post('/v1/notifications', email(newEmail()), { key });
    expect(post.status).toBe(401);
    const rotate = await herald.api.post(`/v1/api-keys/${id}/rotate`, {}, { key: own.tenant.key });
    expect(rotate.status).toBe(409);
  });

  it('that is rotated works on beside the new one for the overlap, and not longer', async () => {
    const { id, key, scopes } = await createKey(herald.admin, own.tenant.id);
    const path = `/v1/api-keys/${id}/rotate`;
    const rotated = await herald.api.post<CreatedApiKeyDto>(
      path,
      { overlapSeconds: 2 },
      { key: own.tenant.key },
    );
    expect(rotated.status).toBe(201);
    expect(rotated.body).toMatchObject({ scopes, mode: 'live' });
    expect([await statusWith(key), await statusWith(rotated.body.key)]).toEqual([200, 200]);
    await untilRefused(key);
    expect(await statusWith(rotated.body.key)).toBe(200);
    const { body } = await herald.api.get<ApiKeyDto>(`/v1/api-keys/${id}`, { key: own.tenant.key });
    expect(body.replacedBy).toBe(rotated.body.id);
  });

  it('is shown once and kept as a hash', async () => {
    const { id, key, hint } = await createKey(herald.admin, own.tenant.id);
    const secret = key.slice('hk_live_'.length);
    expect(key).toMatch(/^hk_live_[\w-]{43}$/);
    const one = await herald.api.get(`/v1/api-keys/${id}`, { key: own.tenant.key });
    const list = await herald.api.get('/v1/api-keys?limit=200', { key: own.tenant.key });
    for (const { status, body } of [one, list]) {
      expect(status).toBe(200);
      expect(JSON.stringify(body)).toContain(hint);
      expect(JSON.stringify(body)).not.toContain(secret);
    }
    const { Client } = await import('pg');
    const client = new Client(herald.dev.databaseUrl);
    await client.connect();
    const { rows } = await client.query('SELECT * FROM api_keys WHERE id = $1', [id]);
    await client.end();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  it('of a disabled tenant is refused until it is enabled; what was accepted is delivered', async () => {
    const tenant = await createTenant(herald.admin);
    const path = `/v1/tenants/${tenant.id}`;
    const url = herald.sandbox.webhookUrl(unique());
    const sendAt = new Date(Date.now() + 1500).toISOString();
    await send(herald.api.withKey(tenant.key), webhook(url, { sendAt }));
    expect((await herald.admin.patch(path, { disabled: true })).status).toBe(200);
    const { tookMs } = await untilRefused(tenant.key);
    expect(tookMs).toBeLessThan(WITHIN_SECONDS);
    await until(async () => (await herald.sandbox.messages(url)).length === 1);
    await herald.admin.patch(path, { disabled: false });
    await until(async () => (await statusWith(tenant.key)) === 200);
  });
});

describe('a scope', () => {
  it.each([
    ['notifications:write', ['post', 'batch', 'cancel']],
    ['notifications:read', ['list', 'get']],
    ['admin', ['keys', 'letters', 'providers']],
  ])('%s opens what it is for and nothing else', async (scope, opened) => {
    const { id } = await sendOne(herald.api.withKey(own.tenant.key), email(newEmail()));
    const { key } = await createKey(herald.admin, own.tenant.id, { scopes: [scope] });
    const api = herald.api.withKey(key);
    const answers = {
      post: await api.post('/v1/notifications', email(newEmail())),
      batch: await api.post('/v1/notifications/batch', { notifications: [email(newEmail())] }),
      cancel: await api.post(`/v1/notifications/${id}/cancel`),
      list: await api.get('/v1/notifications'),
      get: await api.get(`/v1/notifications/${id}`),
      keys: await api.get('/v1/api-keys'),
      letters: await api.get('/v1/dead-letters'),
      providers: await api.get('/v1/providers'),
    };
    for (const [name, { status, body, headers }] of Object.entries(answers)) {
      if (opened.includes(name)) expect([name, Math.floor(status / 100)]).toEqual([name, 2]);
      else {
        expect([name, status, body.type]).toEqual([name, 403, 'urn:herald:problem:forbidden']);
        expect(headers.get('www-authenticate')).toContain('insufficient_scope');
      }
    }
  });

  it("the operator's key administers, and neither posts nor reads notifications", async () => {
    const operator = herald.api.withKey(herald.dev.adminKey);
    const post = await operator.post('/v1/notifications', email(newEmail()));
    const get = await operator.get('/v1/notifications');
    expect([post.status, get.status]).toEqual([401, 401]);
    expect((await operator.get('/v1/tenants')).status).toBe(200);
  });
});

describe('a rate limit', () => {
  it('lets its burst through, then says when to come back', async () => {
    const limited = { rateLimit: { perSecond: 1, burst: 5 } };
    const { key } = await createKey(herald.admin, own.tenant.id, limited);
    const api = herald.api.withKey(key);
    const answers = await Promise.all(Array.from({ length: 12 }, () => api.get('/v1/notifications')));
    const passed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    // One more may have been earned on a slow machine.
    expect(passed.length).toBeGreaterThanOrEqual(5);
    expect(passed.length).toBeLessThanOrEqual(8);
    expect(passed.length + refused.length).toBe(12);
    for (const { headers } of answers) {
      expect(headers.get('ratelimit-policy')).toBe('"burst";q=5;w=5');
      expect(headers.get('ratelimit')).toMatch(/^"burst";r=[0-5];t=\d+$/);
    }
    const { headers, body } = refused[0]!;
    expect(body.type).toBe('urn:herald:problem:rate-limited');
    expect(headers.get('ratelimit')).toContain('r=0');
    const wait = Number(headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(5);
    const began = performance.now();
    await until(async () => (await api.post('/v1/notifications', email(newEmail()))).status === 202, {
      everyMs: 50,
    });
    expect(performance.now() - began).toBeLessThan((wait + 2) * 1000);
    // Another key of the same tenant has a bucket of its own.
    expect(await statusWith(own.tenant.key)).toBe(200);
  });

  it('is one bucket for all routes of the ingest API', async () => {
    const { key } = await createKey(herald.admin, own.tenant.id, { rateLimit: { perSecond: 1, burst: 2 } });
    const api = herald.api.withKey(key);
    const answers = [
      await api.post('/v1/notifications', email(newEmail())),
      await api.post('/v1/notifications/batch', { notifications: [email(newEmail())] }),
      await api.post('/v1/notifications', email(newEmail())),
      await api.get('/v1/notifications'),
      await api.get('/v1/notifications'),
    ];
    expect(answers.slice(0, 2).map(({ status }) => status)).toEqual([202, 202]);
    expect(answers.slice(2).some(({ status }) => status === 429)).toBe(true);
  });
});

describe('a test key', () => {
  const test = { key: '' };

  beforeAll(async () => {
    test.key = (await createKey(herald.admin, await demoTenantId(herald.admin), { mode: 'test' })).key;
  });

  /** By docs/api/test-keys.md: name, phone, and what becomes of it. */
  const MAGIC: [string, string, object][] = [
    ['bounce', '+15005550001', { state: 'failed', reason: 'invalid_address' }],
    ['retry', '+15005550002', { state: 'dead', reason: 'retries_exhausted' }],
    ['retry-once', '+15005550003', { state: 'sent' }],
    ['full', '+15005550004', { state: 'scheduled', reason: 'retry_scheduled' }],
    ['reject', '+15005550005', { state: 'dead', reason: 'content_rejected' }],
    ['config', '+15005550006', { state: 'dead', reason: 'provider_misconfigured' }],
    ['timeout', '+15005550007', { state: 'dead', reason: 'retries_exhausted' }],
    ['opt-out', '+15005550008', { state: 'failed', reason: 'opted_out' }],
    ['anyone-else', '+15005550099', { state: 'sent' }],
  ];
  const ATTEMPTS: Record<string, number> = { retry: 4, 'retry-once': 2, timeout: 4 };

  it.each(MAGIC)(
    '%s is what its address says, on every channel, and nothing leaves',
    async (name, phone, end) => {
      const api = herald.api.withKey(test.key);
      const to = { email: `${name}@e2e.example.com`, phone, webhookUrl: `https://simulated.test/${name}` };
      const { id, deliveries } = await send(api, {
        to,
        content: { email: { subject: 'S', text: 'T' }, sms: { body: 'B' }, webhook: { payload: {} } },
      });
      expect(deliveries).toHaveLength(3);
      const { state } = end as { state: 'sent' };
      for (const { id: deliveryId } of deliveries) {
        const delivery = await untilState(api, deliveryId, state);
        expect(delivery).toMatchObject({ ...end, provider: 'simulated' });
        expect([name, delivery.attempts.length]).toEqual([name, ATTEMPTS[name] ?? 1]);
      }
      expect((await readNotification(api, id)).live).toBe(false);
      for (const address of Object.values(to)) expect(await herald.sandbox.messages(address)).toEqual([]);
    },
  );

  it('with at_most_once a time-out is a dead letter at once', async () => {
    const api = herald.api.withKey(test.key);
    const { deliveryId } = await sendOne(api, email('timeout@e2e.example.com', { delivery: 'at_most_once' }));
    const delivery = await untilState(api, deliveryId, 'dead');
    expect([delivery.reason, delivery.attempts.length]).toEqual(['outcome_unknown', 1]);
  });

  it('lives in a world of its own: lists, ids and suppressions', async () => {
    const api = herald.api.withKey(test.key);
    const to = `bounce@${unique('own')}.example.com`;
    const tested = await sendOne(api, email(to));
    await untilState(api, tested.deliveryId, 'failed');
    const again = await sendOne(api, email(to));
    await untilState(api, again.deliveryId, 'skipped');

    // The bounce of the test does not keep the real message from the same tenant's recipient.
    const real = await sendOne(herald.api, email(to));
    await untilState(herald.api, real.deliveryId, 'sent');
    expect(await herald.sandbox.messages(to)).toHaveLength(1);

    for (const path of [`/v1/notifications/${tested.id}`, `/v1/deliveries/${tested.deliveryId}`]) {
      expect((await herald.api.get(path)).status).toBe(404);
      expect((await api.get(path)).status).toBe(200);
    }
    expect((await herald.api.post(`/v1/notifications/${tested.id}/cancel`)).status).toBe(404);
    expect((await herald.api.post(`/v1/deliveries/${tested.deliveryId}/retry`)).status).toBe(404);
    expect((await api.get(`/v1/notifications/${real.id}`)).status).toBe(404);
    const listed = JSON.stringify((await api.get('/v1/notifications?limit=200')).body);
    expect([listed.includes(tested.id), listed.includes(real.id)]).toEqual([true, false]);
    expect(JSON.stringify((await api.get('/v1/suppressions')).body)).toContain(tested.deliveryId);
    expect(JSON.stringify((await herald.api.get('/v1/suppressions')).body)).not.toContain(tested.deliveryId);
  });

  it('a real bounce does not reach into the test world either', async () => {
    const to = newEmail('real');
    const action = { type: 'fail', code: '550 5.1.1' };
    await herald.sandbox.misbehave({ channel: 'email', match: { to }, action });
    const real = await sendOne(herald.api, email(to));
    await untilState(herald.api, real.deliveryId, 'failed');
    const api = herald.api.withKey(test.key);
    const tested = await sendOne(api, email(to));
    await untilState(api, tested.deliveryId, 'sent');
    const phone = newPhone();
    const text = await sendOne(api, sms(phone));
    await untilState(api, text.deliveryId, 'sent');
    expect((await readDelivery(api, text.deliveryId)).attempts[0]!.facts).toMatchObject({ segments: 1 });
  });
});
