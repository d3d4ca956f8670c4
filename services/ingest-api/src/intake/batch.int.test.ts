import { LIMITS } from '@herald/contracts';
import { GOOD, good, pointersOf, problemOf } from './testing/poster';
import { newTestKey } from './testing/start-intake';
import { useTestIntake } from './testing/use-test-intake';

const intake = useTestIntake();
const { postBatch, notificationsOf } = intake;

describe('a batch', () => {
  it('answers each of its items on its own, in order', async () => {
    const own = await newTestKey(intake.api.db);
    const answer = await postBatch(
      {
        notifications: [
          good(),
          { to: { phone: 'x' }, content: GOOD.content },
          good({ idempotencyKey: 'twin' }),
          good({ idempotencyKey: 'twin' }),
          good({ idempotencyKey: 'twin', content: { sms: { body: 'other' } } }),
          null,
          good({ content: { sms: { body: 'a\u0000b' } } }),
          good({ priority: 'critical' }),
        ],
      },
      { authorization: own.authorization },
    );
    expect([answer.status, answer.body.accepted, answer.body.rejected]).toEqual([202, 4, 4]);
    const { results } = answer.body;
    expect(results.map((r: { status: number }) => r.status)).toEqual([
      202, 422, 202, 202, 422, 422, 422, 202,
    ]);
    expect(results[0].notification).toMatchObject({ state: 'accepted', deliveries: [{ state: 'queued' }] });
    expect(results[1].problem).toMatchObject({
      type: 'urn:herald:problem:validation',
      errors: [{ pointer: '/to/phone' }],
    });
    expect(results[3]).toEqual({ status: 202, replayed: true, notification: results[2].notification });
    expect(results[4].problem.type).toBe('urn:herald:problem:idempotency-mismatch');
    expect(results[5].problem.errors).toEqual([{ pointer: '', detail: 'must be an object' }]);
    expect(results[6].problem.errors[0].pointer).toBe('/content/sms/body');
    expect(await notificationsOf(own.tenantId)).toHaveLength(3);
  });

  it('takes 1,000 items', async () => {
    const own = await newTestKey(intake.api.db);
    const list = Array(LIMITS.batchItems).fill(GOOD);
    const answer = await postBatch({ notifications: list }, { authorization: own.authorization });
    expect([answer.status, answer.body.accepted]).toEqual([202, 1000]);
    const ids = answer.body.results.map((r: { notification: { id: string } }) => r.notification.id);
    expect(new Set(ids).size).toBe(1000);
    expect(await notificationsOf(own.tenantId)).toHaveLength(1000);
  });

  it.each<[string, unknown, string[]]>([
    ['a text', JSON.stringify('x'.repeat(5_000_000)), ['']],
    ['a list', [GOOD], ['']],
    ['null', 'null', ['']],
    ['without items', {}, ['/notifications']],
    ['with no items', { notifications: [] }, ['/notifications']],
    ['with too many items', { notifications: Array(1001).fill({}) }, ['/notifications']],
    ['with items that are no list', { notifications: GOOD }, ['/notifications']],
    ['with unknown fields', { notifications: [GOOD], 'a/b': 1 }, ['/a~1b']],
  ])('%s is refused as a whole', async (_name, body, pointers) => {
    const answer = await postBatch(body);
    expect([problemOf(answer), pointersOf(answer)]).toEqual([[422, 'validation'], pointers]);
  });

  it('with 200,000 unknown fields is refused briefly', async () => {
    const answer = await postBatch(`{${Array.from({ length: 200_000 }, (_, n) => `"f${n}":1`).join(',')}}`);
    expect([problemOf(answer), pointersOf(answer)?.length]).toEqual([[422, 'validation'], 21]);
  });

  it('has no key of its own', async () => {
    const answer = await postBatch({ notifications: [GOOD] }, { 'idempotency-key': 'a' });
    expect([problemOf(answer), pointersOf(answer)]).toEqual([
      [422, 'validation'],
      ['/headers/idempotency-key'],
    ]);
  });

  it('is at most 10 MiB', async () => {
    const answer = await postBatch(' '.repeat(LIMITS.batchBodyBytes + 1));
    expect(problemOf(answer)).toEqual([413, 'payload-too-large']);
  });
});
