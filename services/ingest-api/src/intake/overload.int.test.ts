import { until, useTestDatabase, useTestRedis } from '@herald/testing';
import { good, postTo, problemOf } from './testing/poster';
import { newTestKey, startTestIntake, type TestIntake, type TestKey } from './testing/start-intake';

const database = useTestDatabase();
const redis = useTestRedis();
let api: TestIntake;
let key: TestKey;
beforeAll(async () => {
  api = await startTestIntake({ databaseUrl: database.url, redis, targetMs: 1 });
  key = await newTestKey(api.db, { burst: 10_000, perSecond: 10_000 });
});
afterAll(() => api.stop());

const post = () => postTo(api, key, good());

it('more requests than can be under way are refused at once, and those under way are accepted', async () => {
  // No request is answered within the target, so the fewest are let in at once: 200.
  await post();
  const lock = api.db.dataSource.createQueryRunner();
  await lock.startTransaction();
  await lock.query('LOCK TABLE notifications IN ACCESS EXCLUSIVE MODE');
  const answered: number[] = [];
  const requests = Array.from({ length: 210 }, async () => {
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
