import { gzipSync } from 'node:zlib';
import { until } from '@herald/testing';
import { type Answer, GOOD, good, PATH, pointersOf, problemOf } from './testing/poster';
import { newTestKey } from './testing/start-intake';
import { useTestIntake } from './testing/use-test-intake';

const intake = useTestIntake();
const { post, notificationsOf } = intake;

describe('an accepted notification', () => {
  it('is durable when the answer comes, and rung for behind it', async () => {
    const answer = await post(good({ metadata: { a: 'b' } }), { 'x-request-id': 'mine-1' });
    expect(answer.status).toBe(202);
    const { id, deliveries } = answer.body;
    expect(answer.body).toEqual({
      id: expect.any(String),
      state: 'accepted',
      deliveries: [{ id: expect.any(String), recipient: 0, channel: 'sms', state: 'queued' }],
    });
    const [stored] = await intake.api.db.rows('SELECT * FROM notifications WHERE id = $1', [id]);
    expect(stored).toMatchObject({
      tenant_id: intake.key.tenantId,
      api_key_id: intake.key.keyId,
      live: true,
      request_id: 'mine-1',
    });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': 'mine-1',
      'ratelimit-policy': '"burst";q=1000;w=1',
      ratelimit: expect.stringMatching(/^"burst";r=\d+;t=\d+$/),
    });
    expect(answer.headers.has('idempotency-replayed')).toBe(false);
    await until(async () => {
      const [head] = await intake.api.queues.heads('sms', 'default', [intake.key.tenantId]);
      return head?.ids.includes(deliveries[0].id);
    });
  });

  it('says what is not sent and why, and keeps scheduled ones from the queue', async () => {
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const { status, body } = await post(good({ to: [GOOD.to, {}], sendAt, priority: 'bulk' }));
    expect([status, body.deliveries]).toMatchObject([
      202,
      [
        { recipient: 0, state: 'scheduled', reason: 'scheduled_by_request' },
        { recipient: 1, state: 'skipped', reason: 'no_contact_point' },
      ],
    ]);
    expect((await intake.api.queues.figures('sms', 'bulk')).waiting).toBe(0);
  });

  it('of a test key is marked as one', async () => {
    const test = await newTestKey(intake.api.db, { live: false });
    const { status } = await post(good(), { authorization: test.authorization });
    expect([status, await notificationsOf(test.tenantId)]).toMatchObject([202, [{ live: false }]]);
  });
});

describe('who may not', () => {
  it.each([
    ['no key', () => '', 'Bearer realm="herald"'],
    ['another scheme', () => 'Basic YTpi', 'Bearer realm="herald", error="invalid_request"'],
    [
      'a key that nobody has',
      () => `Bearer hk_live_${'x'.repeat(43)}`,
      'Bearer realm="herald", error="invalid_token"',
    ],
    ['no key at all', () => 'Bearer x', 'Bearer realm="herald", error="invalid_token"'],
  ])('is refused with a challenge: %s', async (_name, authorization, challenge) => {
    const value = authorization();
    const response = await fetch(intake.api.url + PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(value ? { authorization: value } : {}) },
      body: JSON.stringify(GOOD),
    });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, challenge]);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      type: 'urn:herald:problem:unauthorized',
      requestId: expect.any(String),
    });
  });

  it('is refused with an expired key, and without the scope', async () => {
    const expired = await newTestKey(intake.api.db, { expiresAt: new Date(Date.now() - 1000) });
    expect(problemOf(await post(good(), { authorization: expired.authorization }))).toEqual([
      401,
      'unauthorized',
    ]);
    const reader = await newTestKey(intake.api.db, { scopes: ['notifications:read', 'admin'] });
    const answer = await post(good(), { authorization: reader.authorization });
    expect([problemOf(answer), answer.headers.get('www-authenticate')]).toEqual([
      [403, 'forbidden'],
      'Bearer realm="herald", error="insufficient_scope", scope="notifications:write"',
    ]);
    expect(await notificationsOf(reader.tenantId)).toEqual([]);
  });

  it('is refused beyond the rate limit, until there are tokens again', async () => {
    const slow = await newTestKey(intake.api.db, { burst: 2, perSecond: 1 });
    const one = () => post(good(), { authorization: slow.authorization });
    const answers = await Promise.all([one(), one(), one(), one()]);
    const refused = answers.filter((answer) => answer.status === 429);
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(2);
    expect(refused).toHaveLength(2);
    expect(problemOf(refused[0] as Answer)).toEqual([429, 'rate-limited']);
    expect(Object.fromEntries((refused[0] as Answer).headers)).toMatchObject({
      'retry-after': '1',
      'ratelimit-policy': '"burst";q=2;w=2',
      ratelimit: '"burst";r=0;t=1',
    });
    await until(async () => (await one()).status === 202, { everyMs: 100, what: 'a token' });
  });
});

describe('a body', () => {
  it.each([
    ['text/plain', 415],
    ['application/json; charset=latin1', 415],
    ['application/problem+json', 415],
    ['application/json; charset=utf-8', 202],
    ['APPLICATION/JSON', 202],
  ])('of type %s is answered with %i', async (type, status) => {
    expect((await post(good(), { 'content-type': type })).status).toBe(status);
  });

  it('must not be compressed', async () => {
    const zipped = gzipSync(JSON.stringify(GOOD));
    expect(problemOf(await post(zipped, { 'content-encoding': 'gzip' }))).toEqual([
      415,
      'unsupported-media-type',
    ]);
  });

  it.each([
    ['nothing', ''],
    ['broken JSON', '{"to": '],
    ['two values', '{} {}'],
    ['a trailing comma', '{"a":1,}'],
    ['no UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
  ])('of %s is malformed', async (_name, body) => {
    expect(problemOf(await post(body))).toEqual([400, 'malformed-json']);
  });

  it.each([['null'], ['7'], ['"text"'], ['[]'], ['true']])('of %s is not a notification', async (body) => {
    const answer = await post(body);
    expect([problemOf(answer), pointersOf(answer)]).toEqual([[422, 'validation'], ['']]);
  });

  it('names all that is wrong, by pointer', async () => {
    const answer = await post({
      to: [{ phone: '1', fax: '2' }],
      content: { sms: { body: '' } },
      urgent: true,
    });
    expect(problemOf(answer)).toEqual([422, 'validation']);
    expect(pointersOf(answer)?.sort()).toEqual(['/content/sms/body', '/to/0/fax', '/to/0/phone', '/urgent']);
  });

  it('is checked across its fields too', async () => {
    const answer = await post(good({ channels: ['sms', 'email'] }));
    expect([problemOf(answer), pointersOf(answer)]).toEqual([[422, 'validation'], ['/content/email']]);
  });

  it.each([
    [
      '{"to":{"phone":"+4915112345678"},"content":{"sms":{"body":"x"}},"__proto__":{"admin":true}}',
      '/__proto__',
    ],
    ['{"to":{"phone":"+4915112345678","constructor":1},"content":{"sms":{"body":"x"}}}', '/to/constructor'],
    [
      '{"to":{"webhookUrl":"https://example.com"},"content":{"webhook":{"payload":{"a":[{"__proto__":1}]}}}}',
      '/content/webhook/payload',
    ],
  ])('may not name what every object has: %s', async (body, pointer) => {
    const answer = await post(body);
    expect([problemOf(answer), pointersOf(answer)]).toEqual([[422, 'validation'], [pointer]]);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each([
    ['\\u0000', '/content/sms/body'],
    ['\\ud83d', '/content/sms/body'],
    ['\\uDE00 \\uD83D', '/content/sms/body'],
  ])('may not hold %s', async (text, pointer) => {
    const answer = await post(`{"to":{"phone":"+4915112345678"},"content":{"sms":{"body":"a${text}b"}}}`);
    expect([problemOf(answer), pointersOf(answer)]).toEqual([[422, 'validation'], [pointer]]);
  });

  it('may hold whole surrogate pairs as escapes', async () => {
    const answer = await post(
      '{"to":{"phone":"+4915112345678"},"content":{"sms":{"body":"\\ud83d\\ude00"}}}',
    );
    expect(answer.status).toBe(202);
    const [stored] = await intake.api.db.rows('SELECT content FROM notifications WHERE id = $1', [
      answer.body.id,
    ]);
    expect(stored?.content).toEqual({ sms: { body: '😀' } });
  });

  it.each<[string, string]>([
    ['100,000 levels', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    [
      '100,000 levels with text that cannot be stored',
      `${'["\\u0000",'.repeat(90_000)}1${']'.repeat(90_000)}`,
    ],
    ['deep content', `{"to":{},"content":{"webhook":{"payload":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}}}`],
    ['half a million items', `{"to":[${'1,'.repeat(500_000)}1],"content":{}}`],
    ['as many unknown fields as fit', `{${Array.from({ length: 80_000 }, (_, n) => `"f${n}":1`).join(',')}}`],
    [
      'a sender of nothing but spaces',
      JSON.stringify(good({ content: { email: { subject: 's', from: ' '.repeat(900_000) } } })),
    ],
  ])('of %s is refused briefly', async (_name, body) => {
    const answer = await post(body);
    expect(problemOf(answer)).toEqual([422, 'validation']);
    expect(pointersOf(answer)?.length).toBeLessThanOrEqual(20);
    expect((await post(good())).status).toBe(202);
  });

  it('takes no parameters', async () => {
    const answer = await post(good(), {}, `${PATH}?dry=1`);
    expect([problemOf(answer), pointersOf(answer)]).toEqual([[422, 'validation'], ['/query/dry']]);
  });
});

describe('everything else', () => {
  it('is left to others', async () => {
    for (const [method, path] of [
      ['GET', PATH],
      ['POST', `${PATH}/x`],
      ['POST', '/v1'],
      ['PUT', PATH],
    ] as const) {
      const response = await fetch(intake.api.url + path, {
        method,
        headers: { authorization: intake.key.authorization },
      });
      expect(await response.text()).toBe('not the hot path');
    }
  });

  it('is counted', async () => {
    const { body } = await intake.api.metrics.render();
    for (const line of [
      /herald_notifications_accepted_total\{lane="default",mode="live"\} \d+/,
      /herald_deliveries_planned_total\{channel="sms",lane="bulk"\} 2/,
      /herald_rate_limited_total \d+/,
      /herald_http_requests_total\{service="ingest-api",method="POST",route="\/v1\/notifications",status="415"\} \d/,
    ]) {
      expect(body).toMatch(line);
    }
    expect(body).not.toContain('+49');
  });
});
