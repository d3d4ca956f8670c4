import { type ClientRequest, request } from 'node:http';
import { until } from '@herald/testing';
import { good, PATH, problemOf } from './testing/poster';
import { useTestIntake } from './testing/use-test-intake';

/** No request is answered within the target, so the fewest are let in at once: 200. */
const FEWEST = 200;

const intake = useTestIntake({ targetMs: 1 }, { burst: 10_000, perSecond: 10_000 });
const post = () => intake.post(good());

it('more requests than can be under way are refused at once, and those under way are accepted', async () => {
  await post();
  const lock = intake.api.db.dataSource.createQueryRunner();
  await lock.startTransaction();
  await lock.query('LOCK TABLE notifications IN ACCESS EXCLUSIVE MODE');
  const answered: number[] = [];
  const requests = Array.from({ length: FEWEST + 10 }, async () => {
    const answer = await post();
    answered.push(answer.status);
    return answer;
  });
  await until(() => answered.length === 10);
  await lock.commitTransaction();
  await lock.release();
  const answers = await Promise.all(requests);
  const refused = answers.filter(({ status }) => status !== 202);
  expect(refused).toHaveLength(10);
  for (const answer of refused) {
    expect(problemOf(answer)).toEqual([503, 'overloaded']);
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  await until(async () => (await post()).status === 202);
});

it('requests whose bodies do not come take no room of those that are complete', async () => {
  await post();
  const held = await Promise.all(Array.from({ length: FEWEST + 50 }, holdBack));
  const answers = await Promise.all(Array.from({ length: 20 }, post));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(202));
  for (const request of held) request.destroy();
});

/** A request that says what it brings and never does; resolves when the server has taken it up. */
function holdBack(): Promise<ClientRequest> {
  const held = request(`${intake.api.url}${PATH}`, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: intake.key.authorization,
      'content-type': 'application/json',
      'content-length': '100',
      expect: '100-continue',
    },
  });
  held.on('error', () => undefined);
  held.flushHeaders();
  return new Promise((resolve) => held.on('continue', () => resolve(held)));
}
