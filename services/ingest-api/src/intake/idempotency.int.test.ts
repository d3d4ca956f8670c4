import { newId } from '@herald/domain';
import { good, pointersOf, problemOf } from './testing/poster';
import { newTestKey } from './testing/start-intake';
import { useTestIntake } from './testing/use-test-intake';

const intake = useTestIntake();
const { post, notificationsOf } = intake;

describe('an idempotency key', () => {
  const fresh = () => `key-${newId(Date.now())}`;

  it.each([
    ['quoted and bare', (k: string) => [{ 'idempotency-key': `"${k}"` }, { 'idempotency-key': k }]],
    ['in the header and in the body', (k: string) => [{ 'idempotency-key': k }, {}]],
  ])('is the same %s', async (_name, headersOf) => {
    const k = fresh();
    const [first, second] = headersOf(k) as [Record<string, string>, Record<string, string>];
    const body = (headers: object) =>
      Object.keys(headers).length > 0 ? good() : good({ idempotencyKey: k });
    const answers = [await post(body(first), first), await post(body(second), second)];
    expect(answers.map((answer) => answer.status)).toEqual([202, 202]);
    expect(answers[1]?.body).toEqual(answers[0]?.body);
    expect(answers.map((answer) => answer.headers.get('idempotency-replayed'))).toEqual([null, 'true']);
  });

  it('tells the same request from another by what it says, not by how it is written', async () => {
    const headers = { 'idempotency-key': fresh() };
    const first = await post('{"to":{"phone":"+4915112345678"},"content":{"sms":{"body":"x"}}}', headers);
    const same = await post(
      '{ "content": {"sms": {"body":"\\u0078"}}, "to": [{"phone":"+4915112345678"}] }',
      headers,
    );
    expect([same.status, same.body]).toEqual([202, first.body]);
    const other = await post(good({ content: { sms: { body: 'y' } } }), headers);
    expect(problemOf(other)).toEqual([422, 'idempotency-mismatch']);
    expect(other.headers.get('idempotency-replayed')).toBeNull();
  });

  it('makes one notification of 50 twins at once', async () => {
    const twin = await newTestKey(intake.api.db);
    const headers = { authorization: twin.authorization, 'idempotency-key': fresh() };
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(good(), headers)));
    expect(new Set(answers.map((answer) => JSON.stringify([answer.status, answer.body]))).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === 'true')).toHaveLength(
      49,
    );
    expect(await notificationsOf(twin.tenantId)).toHaveLength(1);
    expect(
      await intake.api.db.rows('SELECT 1 FROM deliveries WHERE tenant_id = $1', [twin.tenantId]),
    ).toHaveLength(1);
  });

  it('must not be one in the header and another in the body', async () => {
    const answer = await post(good({ idempotencyKey: 'a' }), { 'idempotency-key': 'b' });
    expect([problemOf(answer), pointersOf(answer)]).toEqual([[422, 'validation'], ['/idempotencyKey']]);
  });

  it.each([['""'], ['x'.repeat(256)], ['schl\u00fcssel']])('must be a key: %s', async (value) => {
    const answer = await post(good(), { 'idempotency-key': value });
    expect([problemOf(answer), pointersOf(answer)]).toEqual([
      [422, 'validation'],
      ['/headers/idempotency-key'],
    ]);
  });

  it('is not used up by a request that was refused', async () => {
    const headers = { 'idempotency-key': fresh() };
    expect((await post(good({ to: {} }), headers)).status).toBe(422);
    const answer = await post(good(), headers);
    expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([202, null]);
  });
});
