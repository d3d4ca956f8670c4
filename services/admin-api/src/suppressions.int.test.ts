import { type Caller, useTestAdmin } from './testing/use-test-admin';

const admin = useTestAdmin();
let tenant: { id: string; admin: Caller };
beforeEach(async () => {
  tenant = await admin.newTenant();
});

const suppress = (body: object) => tenant.admin.post('/v1/suppressions', body);

it('suppresses an address, shows it masked, and allows it again', async () => {
  const { body } = await suppress({ channel: 'email', address: 'Ada@example.com' }).expect(201);
  const shown = {
    channel: 'email',
    hint: 'A•••@example.com',
    reason: 'manual',
    createdAt: expect.any(String),
  };
  expect(body).toEqual(shown);
  const again = await suppress({ channel: 'email', address: 'ada@example.com', reason: 'bounce' }).expect(
    200,
  );
  expect(again.body).toEqual(body);
  expect((await tenant.admin.get('/v1/suppressions')).body).toEqual({ items: [shown] });
  await tenant.admin.delete('/v1/suppressions?channel=email&address=ada%40example.com').expect(204);
  await tenant.admin.delete('/v1/suppressions?channel=email&address=ada%40example.com').expect(404);
  expect((await tenant.admin.get('/v1/suppressions')).body).toEqual({ items: [] });
});

it('takes every channel and reason, and lists them in pages by channel', async () => {
  await suppress({ channel: 'sms', address: '+4915112345678', reason: 'opt_out' }).expect(201);
  await suppress({ channel: 'webhook', address: 'https://example.com/hook', reason: 'endpoint_gone' }).expect(
    201,
  );
  for (const name of ['a', 'b', 'c']) {
    await suppress({ channel: 'email', address: `${name}@example.com` }).expect(201);
  }
  const hints: string[] = [];
  let query = 'limit=2';
  for (;;) {
    const { body } = await tenant.admin.get(`/v1/suppressions?${query}`).expect(200);
    hints.push(...body.items.map((item: { hint: string }) => item.hint));
    if (!body.nextCursor) break;
    query = `limit=2&cursor=${body.nextCursor}`;
  }
  const email = '•••@example.com';
  expect(hints).toEqual([email, email, email, 'example.com', '+49•••678']);
  const { body } = await tenant.admin.get('/v1/suppressions?channel=sms').expect(200);
  expect(body.items).toMatchObject([{ channel: 'sms', reason: 'opt_out' }]);
  await tenant.admin.delete('/v1/suppressions?channel=sms&address=%2B4915112345678').expect(204);
});

it("does not see or lift another tenant's", async () => {
  await suppress({ channel: 'email', address: 'ada@example.com' }).expect(201);
  const stranger = await admin.newTenant();
  expect((await stranger.admin.get('/v1/suppressions')).body.items).toEqual([]);
  await stranger.admin.delete('/v1/suppressions?channel=email&address=ada%40example.com').expect(404);
  expect((await tenant.admin.get('/v1/suppressions')).body.items).toHaveLength(1);
});

it.each([
  [{ channel: 'email', address: '+4915112345678' }, '/address'],
  [{ channel: 'sms', address: '0151 12345678' }, '/address'],
  [{ channel: 'webhook', address: 'ftp://example.com' }, '/address'],
  [{ channel: 'fax', address: 'ada@example.com' }, '/channel'],
  [{ channel: 'email' }, '/address'],
  [{ channel: 'email', address: 'ada@example.com', reason: 'spite' }, '/reason'],
])('refuses %j', async (body, pointer) => {
  const answer = await suppress(body).expect(422);
  expect(answer.body.errors).toMatchObject([{ pointer }]);
});

it('refuses queries that make no sense', async () => {
  const missing = await tenant.admin.delete('/v1/suppressions?channel=email').expect(422);
  expect(missing.body.errors).toEqual([{ pointer: '/query/address', detail: 'is required' }]);
  const wrong = await tenant.admin.delete('/v1/suppressions?channel=sms&address=ada').expect(422);
  expect(wrong.body.errors).toMatchObject([{ pointer: '/query/address' }]);
  const cursor = Buffer.from('1 email zz').toString('base64url');
  const { body } = await tenant.admin.get(`/v1/suppressions?cursor=${cursor}`).expect(422);
  expect(body.errors).toMatchObject([{ pointer: '/query/cursor' }]);
});
