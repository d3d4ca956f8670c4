import { type AcceptedNotificationDto } from '@herald/contracts';
import { until } from '@herald/testing';
import { Redis } from 'ioredis';
import { arrived, notOnce, postMany, untilAllSettled, untilArrived } from './harness/many';
import { counter } from './harness/metrics';
import { email, newEmail, sendOne, unique, untilState } from './harness/notifications';
import { useCluster } from './harness/use-cluster';

const cluster = useCluster({
  services: ['ingest-api', 'ingest-api', 'worker-email', 'worker-email', 'scheduler', 'scheduler'],
});

async function flushAll(): Promise<void> {
  const redis = new Redis(cluster.redis.url);
  await redis.flushall();
  redis.disconnect();
}

async function rescued(): Promise<number> {
  const each = await Promise.all(
    [0, 1].map((n) => counter(cluster.service('scheduler', n).client, 'herald_relay_rescued_total')),
  );
  return each.reduce((sum, n) => sum + n, 0);
}

/** Keeps every mail for a moment, so that there is a backlog to lose. */
const slowly = (run: string, ms: number) =>
  cluster.sandbox.behaviours.add({
    channel: 'email',
    match: { to: `${run}-*` },
    action: { type: 'delay', ms },
  });

it('Redis is emptied in the middle of 2,000, twice: each is delivered exactly once', async () => {
  const run = unique('flush');
  const rescuedBefore = await rescued();
  const { id } = slowly(run, 150);
  const posting = postMany(cluster.api(), run, [0, 2000]);
  await untilArrived(cluster.sandbox, run, 300);
  await flushAll();
  await untilArrived(cluster.sandbox, run, 900);
  await flushAll();
  await posting;
  cluster.sandbox.behaviours.remove(id);
  await untilArrived(cluster.sandbox, run, 2000);
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 2000 });
  expect(notOnce(arrived(cluster.sandbox, run), run, 2000)).toEqual([]);
  // There was something to lose.
  expect(await rescued()).toBeGreaterThan(rescuedBefore);
});

it('Redis is emptied while some wait for their time or for another attempt', async () => {
  const [retried, scheduled] = [newEmail('retried'), newEmail('scheduled')];
  cluster.sandbox.behaviours.add({
    channel: 'email',
    match: { to: retried },
    action: { type: 'fail', code: 451, at: 'rcpt' },
    times: 1,
  });
  const one = await sendOne(cluster.api(), email(retried));
  const sendAt = new Date(Date.now() + 1000).toISOString();
  const two = await sendOne(cluster.api(), email(scheduled, { sendAt }));
  await until(() => cluster.sandbox.behaviours.list().every(({ match }) => match?.to !== retried));
  await flushAll();
  await untilState(cluster.api(), one.deliveryId, 'sent');
  await untilState(cluster.api(), two.deliveryId, 'sent');
  const counts = [retried, scheduled].map((to) =>
    [...cluster.sandbox.store.newestFirst()].filter(({ message }) => message.to === to),
  );
  expect(counts.map(({ length }) => length)).toEqual([1, 1]);
});

it('Redis is away for seconds: all is accepted at once, and delivered when it is back', async () => {
  const run = unique('away');
  const { id } = slowly(run, 100);
  await postMany(cluster.api(), run, [0, 200]);
  await cluster.redis.crash();
  const answers = [];
  for (let n = 200; n < 300; n += 1) {
    const body = email(`${run}-${n}@example.com`, { metadata: { run } });
    answers.push(await cluster.api(n % 2).post('/v1/notifications', body));
  }
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(2000);
  expect((await cluster.service('ingest-api').client.get('/readyz')).status).toBe(200);
  const worker = cluster.service('worker-email').client;
  await until(async () => (await worker.get('/readyz')).status === 503);
  expect((await worker.get('/livez')).status).toBe(200);
  const ingest = cluster.service('ingest-api').client;
  expect(await counter(ingest, 'herald_rate_limit_unchecked_total')).toBeGreaterThan(0);
  expect(await counter(ingest, 'herald_enqueue_failures_total')).toBeGreaterThan(0);

  await cluster.redis.restart();
  cluster.sandbox.behaviours.remove(id);
  await untilArrived(cluster.sandbox, run, 300);
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 300 });
  expect(notOnce(arrived(cluster.sandbox, run), run, 300)).toEqual([]);
  await until(async () => (await worker.get('/readyz')).status === 200);
  // New ones do not wait for the relay any more.
  const { deliveryId } = await sendOne(cluster.api(), email(newEmail()));
  await untilState(cluster.api(), deliveryId, 'sent');
});

it('an ingest API is killed while clients post: with a key they can ask the other, and nothing is doubled', async () => {
  const run = unique('ingest');
  const left = Array.from({ length: 500 }, (_, n) => n);
  let [done, repeated] = [0, 0];
  const client = async () => {
    for (let n = left.shift(); n !== undefined; n = left.shift()) {
      const body = email(`${run}-${n}@example.com`, { metadata: { run }, idempotencyKey: `${run}-${n}` });
      const post = (api: number) => cluster.api(api).post<AcceptedNotificationDto>('/v1/notifications', body);
      const answer = await post(n % 2).catch(() => {
        repeated += 1;
        return post(1);
      });
      if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      done += 1;
    }
  };
  const posting = Promise.all(Array.from({ length: 16 }, client));
  await until(() => done > 100, { everyMs: 1 });
  await cluster.service('ingest-api', 0).end('SIGKILL');
  await posting;
  expect(repeated).toBeGreaterThan(0);
  await untilArrived(cluster.sandbox, run, 500);
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 500 });
  expect(notOnce(arrived(cluster.sandbox, run), run, 500)).toEqual([]);
  await cluster.service('ingest-api', 0).restart();
});
