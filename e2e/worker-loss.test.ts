import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@herald/testing';
import {
  addressOf,
  arrived,
  notOnce,
  postMany,
  statesOf,
  untilAllSettled,
  untilArrived,
} from './harness/many';
import { counter } from './harness/metrics';
import { email, newEmail, sendOne, unique, untilState } from './harness/notifications';
import { useCluster } from './harness/use-cluster';

/** Long enough for a busy machine to renew it in time, short enough to wait for. */
const LEASE_MS = 4000;

const cluster = useCluster({
  services: ['ingest-api', 'worker-email', 'worker-email', 'scheduler'],
  env: { WORKER_LEASE_MS: String(LEASE_MS) },
});

const slowly = (run: string, ms: number, times?: number) =>
  cluster.sandbox.behaviours.add({
    channel: 'email',
    match: { to: `${run}-*` },
    action: { type: 'delay', ms },
    times,
  });

interface Fate {
  address: string;
  state: string;
  reason: string | null;
  claim: number;
  outcomes: string[];
}

/** What became of each delivery of a run, straight from Postgres. */
function fatesOf(run: string): Promise<Fate[]> {
  return cluster.rows<Fate>(
    `SELECT d.address, d.state, d.reason, d.claim,
       ARRAY(SELECT coalesce(a.reason, a.outcome) FROM attempts a WHERE a.delivery_id = d.id ORDER BY a.claim) AS outcomes
     FROM notifications n JOIN deliveries d ON d.notification_id = n.id
     WHERE n.metadata @> $1 ORDER BY d.id`,
    [JSON.stringify({ run })],
  );
}

it('a worker is killed in the middle of 2,000: all arrive, twice only where nobody could know', async () => {
  const run = unique('killed');
  const { id } = slowly(run, 100);
  // Each tenth may not be repeated.
  const posting = postMany(cluster.api(), run, [0, 2000], (n) =>
    n % 10 === 0 ? { delivery: 'at_most_once' } : {},
  );
  await untilArrived(cluster.sandbox, run, 500);
  await cluster.service('worker-email', 0).end('SIGKILL');
  await posting;
  cluster.sandbox.behaviours.remove(id);
  await untilAllSettled(cluster, run);
  const counts = arrived(cluster.sandbox, run);
  const fates = await fatesOf(run);
  expect(fates).toHaveLength(2000);

  const lost = fates.filter(({ outcomes }) => outcomes.includes('worker_lost'));
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.length).toBeLessThan(500);
  const wrong = fates.filter(({ address, state, reason, outcomes }) => {
    const count = counts.get(address) ?? 0;
    if (!outcomes.includes('worker_lost')) return !(state === 'sent' && count === 1);
    // The attempt that nobody knows of may have arrived, each other one did.
    if (state === 'sent') return count < 1 || count > outcomes.length;
    return !(state === 'dead' && reason === 'outcome_unknown' && count <= 1);
  });
  expect(wrong).toEqual([]);

  for (let n = 0; n < 2000; n += 10) expect(counts.get(addressOf(run, n)) ?? 0).toBeLessThanOrEqual(1);
  const lostClaims = await counter(cluster.service('scheduler').client, 'herald_lost_claims_total');
  expect(lostClaims).toBeGreaterThanOrEqual(lost.length);
  await cluster.service('worker-email', 0).restart();
});

it('workers are replaced one by one under load: nothing is lost, nothing is doubled', async () => {
  const run = unique('rolling');
  slowly(run, 50);
  const posting = postMany(cluster.api(), run, [0, 1500]);
  for (const [index, atLeast] of [200, 500].entries()) {
    await untilArrived(cluster.sandbox, run, atLeast);
    const worker = cluster.service('worker-email', index);
    expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await worker.restart();
  }
  await posting;
  await untilArrived(cluster.sandbox, run, 1500);
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 1500 });
  expect(notOnce(arrived(cluster.sandbox, run), run, 1500)).toEqual([]);
  const fates = await fatesOf(run);
  expect(fates.filter(({ outcomes }) => outcomes.join() !== 'accepted')).toEqual([]);
});

it('a worker that stops for longer than its lease cannot overwrite what others did meanwhile', async () => {
  const run = unique('frozen');
  // The first of each address takes long; whoever tries again is fast.
  slowly(run, 2500, 60);
  await cluster.service('worker-email', 1).end('SIGTERM');
  const frozen = cluster.service('worker-email', 0);
  await postMany(cluster.api(), run, [0, 60]);
  await until(async () => ((await statesOf(cluster, run)).sending ?? 0) >= 50);
  frozen.signal('SIGSTOP');
  await cluster.service('worker-email', 1).restart();
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 60 });
  const before = await fatesOf(run);
  const taken = before.filter(({ outcomes }) => outcomes.join() === 'worker_lost,accepted');
  expect(taken.length).toBeGreaterThanOrEqual(50);

  frozen.signal('SIGCONT');
  // Its calls come back with answers that the server gave long ago.
  await until(async () => (await counter(frozen.client, 'herald_fenced_total')) >= taken.length);
  expect(await fatesOf(run)).toEqual(before);
  // And it works again.
  await cluster.service('worker-email', 1).end('SIGTERM');
  const to = newEmail();
  const { deliveryId } = await sendOne(cluster.api(), email(to));
  await untilState(cluster.api(), deliveryId, 'sent');
  await cluster.service('worker-email', 1).restart();
});

it('a worker that is told to stop finishes what it sends, and leaves the rest to others', async () => {
  const run = unique('stopped');
  slowly(run, 1000);
  await cluster.service('worker-email', 1).end('SIGTERM');
  const worker = cluster.service('worker-email', 0);
  await postMany(cluster.api(), run, [0, 200]);
  await until(async () => ((await statesOf(cluster, run)).sending ?? 0) >= 50);
  const began = performance.now();
  expect(await worker.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(9000);
  // Nothing is left in its hands: no lease has to run out.
  const { sent = 0, queued, ...others } = await statesOf(cluster, run);
  expect(others).toEqual({});
  expect([sent >= 50, queued]).toEqual([true, 200 - sent]);
  expect(arrived(cluster.sandbox, run).size).toBe(sent);
  await Promise.all([0, 1].map((index) => cluster.service('worker-email', index).restart()));
  await untilArrived(cluster.sandbox, run, 200);
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 200 });
  expect(notOnce(arrived(cluster.sandbox, run), run, 200)).toEqual([]);
});

it('without a scheduler new ones are delivered, and scheduled ones once it is back', async () => {
  await cluster.service('scheduler').end('SIGKILL');
  const [now, later] = [newEmail('now'), newEmail('later')];
  const sendAt = new Date(Date.now() + 300).toISOString();
  const scheduled = await sendOne(cluster.api(), email(later, { sendAt }));
  const { deliveryId } = await sendOne(cluster.api(), email(now));
  await untilState(cluster.api(), deliveryId, 'sent');
  await sleep(Math.max(0, Date.parse(sendAt) - Date.now()));
  expect((await cluster.api().get(`/v1/deliveries/${scheduled.deliveryId}`)).body).toMatchObject({
    state: 'scheduled',
  });
  await cluster.service('scheduler').restart();
  await untilState(cluster.api(), scheduled.deliveryId, 'sent');
});
