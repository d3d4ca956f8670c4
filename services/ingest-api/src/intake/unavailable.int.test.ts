import { until, useOwnPostgres, useTestRedis } from '@herald/testing';
import { type Answer, good, postTo, problemOf } from './testing/poster';
import { newTestKey, startTestIntake, type TestIntake, type TestKey } from './testing/start-intake';

let api: TestIntake;
let key: TestKey;
afterAll(() => api.stop());
const postgres = useOwnPostgres();
const redis = useTestRedis();
beforeAll(async () => {
  api = await startTestIntake({ databaseUrl: postgres.url, redis });
  key = await newTestKey(api.db);
});

const post = (headers?: Record<string, string>) => postTo(api, key, good(), headers);

async function timed(run: () => Promise<Answer>): Promise<[Answer, number]> {
  const startedAt = performance.now();
  return [await run(), performance.now() - startedAt];
}

describe('while Postgres is away', () => {
  it('requests are refused at once with 503, and accepted again when it is back', async () => {
    const kept = { 'idempotency-key': 'kept' };
    const first = await post(kept);
    expect(first.status).toBe(202);
    await postgres.crash();

    for (let n = 0; n < 3; n += 1) {
      const [refused, ms] = await timed(() => post(kept));
      expect(problemOf(refused)).toEqual([503, 'unavailable']);
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(ms).toBeLessThan(2000);
    }
    const many = await Promise.all(Array.from({ length: 100 }, () => post()));
    expect(new Set(many.map((answer) => answer.status))).toEqual(new Set([503]));
    const batch = await postTo(api, key, { notifications: [good(), good()] }, {}, '/v1/notifications/batch');
    expect([batch.status, batch.body.accepted, batch.body.rejected]).toEqual([202, 0, 2]);
    expect(batch.body.results[0]).toMatchObject({
      status: 503,
      problem: { type: 'urn:herald:problem:unavailable' },
    });

    await postgres.restart();
    await until(async () => (await post()).status === 202, { everyMs: 100, what: 'an accepted request' });
    const replayed = await post(kept);
    expect([replayed.headers.get('idempotency-replayed'), replayed.body]).toEqual(['true', first.body]);
  }, 30_000);

  it('requests under way are answered when it vanishes in the middle', async () => {
    const answers = Array.from({ length: 200 }, () => post());
    await postgres.crash();
    const statuses = (await Promise.all(answers)).map((answer) => answer.status);
    expect(statuses.filter((status) => status !== 202 && status !== 503)).toEqual([]);
    await postgres.restart();
    const accepted = statuses.filter((status) => status === 202).length;
    const stored = await until(() => api.db.rows('SELECT 1 FROM notifications'), { what: 'Postgres' });
    expect(stored.length).toBeGreaterThanOrEqual(accepted);
  }, 30_000);
});
