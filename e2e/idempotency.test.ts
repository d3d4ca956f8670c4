import {
  type AcceptedNotificationDto,
  type BatchAcceptedDto,
  type NotificationPageDto,
  type ProblemDto,
} from '@herald/contracts';
import { type Answer, type Client, createKey, createTenant, demoTenantId } from '@herald/testing';
import { email, newEmail, send, sendOne, unique, untilState } from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();

const post = (body: unknown, key: string, api: Client = herald.api) =>
  api.post<AcceptedNotificationDto>('/v1/notifications', body, { headers: { 'idempotency-key': key } });

const isReplayed = (answer: Answer) => answer.headers.get('idempotency-replayed') === 'true';

async function listed(recipient: string): Promise<NotificationPageDto['items']> {
  const query = new URLSearchParams({ recipient });
  return (await herald.api.get<NotificationPageDto>(`/v1/notifications?${query}`)).body.items;
}

function batch(notifications: unknown[]): Promise<Answer<BatchAcceptedDto>> {
  return herald.api.post<BatchAcceptedDto>('/v1/notifications/batch', { notifications });
}

describe('one key', () => {
  it('50 requests at once make one notification, one delivery, and get the same answer', async () => {
    const [key, to] = [unique('key'), newEmail()];
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(email(to), key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.filter(isReplayed)).toHaveLength(49);
    const { id, deliveries } = answers[0]!.body;
    await untilState(herald.api, deliveries[0]!.id, 'sent');
    expect((await listed(to)).map((notification) => notification.id)).toEqual([id]);
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });

  it('with another body is refused, and the first stays as it was', async () => {
    const [key, to] = [unique('key'), newEmail()];
    const first = await post(email(to), key);
    const other = await post(email(to, { priority: 'bulk' }), key);
    expect([other.status, other.headers.get('content-type')]).toEqual([422, 'application/problem+json']);
    expect((other.body as unknown as ProblemDto).type).toBe('urn:herald:problem:idempotency-mismatch');
    const again = await post(email(to), key);
    expect([again.status, isReplayed(again), again.body]).toEqual([202, true, first.body]);
    expect(await listed(to)).toHaveLength(1);
  });

  it('does not depend on the order of fields, or on how one recipient is written', async () => {
    const [key, to] = [unique('key'), newEmail()];
    const first = await post({ to: { email: to }, content: { email: { subject: 'S', text: 'T' } } }, key);
    const again = await post({ content: { email: { text: 'T', subject: 'S' } }, to: [{ email: to }] }, key);
    expect([again.status, again.body]).toEqual([202, first.body]);
  });

  it('is the same quoted, bare and in the body', async () => {
    const [key, to] = [unique('key'), newEmail()];
    const first = await post(email(to), key);
    const quoted = await post(email(to), `"${key}"`);
    const inBody = await herald.api.post('/v1/notifications', email(to, { idempotencyKey: key }));
    expect(first.status).toBe(202);
    expect(isReplayed(first)).toBe(false);
    for (const answer of [quoted, inBody]) {
      expect([answer.status, isReplayed(answer), answer.body]).toEqual([202, true, first.body]);
    }
  });

  it('is refused when header and body differ, or when it is no key', async () => {
    const differ = await post(email(newEmail(), { idempotencyKey: unique() }), unique());
    expect(differ.status).toBe(422);
    expect((differ.body as unknown as ProblemDto).errors).toEqual([
      expect.objectContaining({ pointer: '/idempotencyKey' }),
    ]);
    for (const key of ['""', 'x'.repeat(256)]) {
      const answer = await post(email(newEmail()), key);
      expect([answer.status, (answer.body as unknown as ProblemDto).errors?.[0]?.pointer]).toEqual([
        422,
        '/headers/idempotency-key',
      ]);
    }
  });

  it('of a request that was refused can be used again', async () => {
    const [key, to] = [unique('key'), newEmail()];
    expect((await post({ to: { email: to }, content: {} }, key)).status).toBe(422);
    const answer = await post(email(to), key);
    expect([answer.status, isReplayed(answer)]).toEqual([202, false]);
  });

  it('belongs to the tenant and to its live or test world', async () => {
    const [key, to] = [unique('key'), newEmail()];
    const tenant = await createTenant(herald.admin);
    const testKey = await createKey(herald.admin, await demoTenantId(herald.admin), { mode: 'test' });
    const answers = await Promise.all([
      post(email(to), key),
      post(email(to), key, herald.api.withKey(tenant.key)),
      post(email(to), key, herald.api.withKey(testKey.key)),
    ]);
    expect(answers.map((answer) => [answer.status, isReplayed(answer)])).toEqual(Array(3).fill([202, false]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(3);
  });

  it('survives a crash of the process and the loss of Redis', async () => {
    const [key, to] = [unique('key'), newEmail()];
    const first = await post(email(to), key);
    await untilState(herald.api, first.body.deliveries[0]!.id, 'sent');
    await herald.kill();
    await herald.restart();
    const again = await post(email(to), key);
    expect([again.status, isReplayed(again), again.body]).toEqual([202, true, first.body]);
    expect(await herald.sandbox.messages(to)).toEqual([]);
  });
});

describe('a batch', () => {
  it('answers each item on its own', async () => {
    const good = [newEmail(), newEmail()];
    const { status, body } = await batch([
      email(good[0]!),
      { to: { email: 'nonsense' }, content: { email: { subject: 'S', text: 'T' } }, extra: 1 },
      'not even an object',
      email(good[1]!),
    ]);
    expect(status).toBe(202);
    expect([body.accepted, body.rejected]).toEqual([2, 2]);
    expect(body.results.map((result) => result.status)).toEqual([202, 422, 422, 202]);
    expect(body.results[1]!.problem!.errors!.map(({ pointer }) => pointer).sort()).toEqual([
      '/extra',
      '/to/email',
    ]);
    for (const [index, to] of [good[0]!, undefined, undefined, good[1]!].entries()) {
      if (!to) continue;
      await untilState(herald.api, body.results[index]!.notification!.deliveries[0]!.id, 'sent');
      expect(await herald.sandbox.messages(to)).toHaveLength(1);
    }
  });

  it('keeps keys per item, also twins within one batch', async () => {
    const [one, two] = [unique('one'), unique('two')];
    const [a, b] = [newEmail(), newEmail()];
    const items = [
      email(a, { idempotencyKey: one }),
      email(b, { idempotencyKey: two }),
      email(a, { idempotencyKey: one }),
      email(b, { idempotencyKey: one }),
    ];
    const first = (await batch(items)).body;
    expect(first.results.map(({ status }) => status)).toEqual([202, 202, 202, 422]);
    expect(first.results.map(({ replayed }) => replayed === true)).toEqual([false, false, true, false]);
    expect(first.results[2]!.notification).toEqual(first.results[0]!.notification);

    const again = (await batch(items)).body;
    expect(again.results.map(({ replayed }) => replayed === true)).toEqual([true, true, true, false]);
    expect(again.results.map(({ notification }) => notification?.id)).toEqual(
      first.results.map(({ notification }) => notification?.id),
    );
    // The same key in a batch and alone is the same key.
    const alone = await post(email(a), one);
    expect([isReplayed(alone), alone.body.id]).toEqual([true, first.results[0]!.notification!.id]);
    for (const result of first.results.slice(0, 2)) {
      await untilState(herald.api, result.notification!.deliveries[0]!.id, 'sent');
    }
    expect([await listed(a), await listed(b)].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('takes no header key, no other fields and at most 1,000', async () => {
    const header = await herald.api.post(
      '/v1/notifications/batch',
      { notifications: [email(newEmail())] },
      { headers: { 'idempotency-key': unique() } },
    );
    const other = await herald.api.post('/v1/notifications/batch', { notifications: [], more: 1 });
    const many = await herald.api.post('/v1/notifications/batch', {
      notifications: Array(1001).fill(email(newEmail())),
    });
    const pointers = [header, other, many].map(({ status, body }) => [
      status,
      body.errors?.map(({ pointer }) => pointer),
    ]);
    expect(pointers).toEqual([
      [422, ['/headers/idempotency-key']],
      [422, ['/notifications', '/more']],
      [422, ['/notifications']],
    ]);
  });

  it('of 1,000 is accepted whole, and each is delivered once', async () => {
    const run = unique('run');
    const { body } = await batch(
      Array.from({ length: 1000 }, (_, n) => email(`${run}-${n}@example.com`, { metadata: { run } })),
    );
    expect([body.accepted, body.rejected]).toEqual([1000, 0]);
    await herald.sandbox.untilArrived(run, 1000);
    for (let n = 0; n < 1000; n += 100) {
      await untilState(herald.api, body.results[n]!.notification!.deliveries[0]!.id, 'sent');
    }
    expect(new Set((await herald.sandbox.counts(run)).values())).toEqual(new Set([1]));
  });
});

it('a request without a key is a new notification each time', async () => {
  const to = newEmail();
  const [one, two] = [await sendOne(herald.api, email(to)), await send(herald.api, email(to))];
  expect(one.id).not.toBe(two.id);
  expect(await listed(to)).toHaveLength(2);
});
