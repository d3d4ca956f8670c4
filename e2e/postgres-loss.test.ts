import { type AcceptedNotificationDto } from '@herald/contracts';
import { familyOf, until } from '@herald/testing';
import { arrived, notOnce, postMany, statesOf, untilAllSettled, untilArrived } from './harness/many';
import { email, newEmail, readDelivery, sendOne, unique, untilState } from './harness/notifications';
import { useCluster } from './harness/use-cluster';

const STATEMENT_MS = 1000;

const cluster = useCluster({
  services: ['ingest-api', 'worker-email', 'scheduler', 'edge'],
  // The lease is longer than the outages, so that what was sent is written down and not tried again.
  env: { WORKER_LEASE_MS: '12000', DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_MS) },
});

const probe = async (path: string) =>
  Object.fromEntries(
    await Promise.all(
      cluster.services.map(async ({ name, client }) => [name, (await client.get(path)).status] as const),
    ),
  );

const everywhere = (status: number) => Object.fromEntries(cluster.services.map(({ name }) => [name, status]));

function messagesTo(to: string): number {
  return [...cluster.sandbox.store.newestFirst()].filter(({ message }) => message.to === to).length;
}

it('Postgres crashes: 503 at once with Retry-After, and everything works again when it is back', async () => {
  const first = await sendOne(cluster.api(), email(newEmail()));
  await cluster.postgres.crash();
  const api = cluster.api();
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all([
      api.post('/v1/notifications', email(newEmail())),
      api.get('/v1/notifications'),
      api.get(`/v1/notifications/${first.id}`),
      api.post(`/v1/notifications/${first.id}/cancel`),
      api.post(`/v1/deliveries/${first.deliveryId}/retry`),
      cluster.admin.get('/v1/tenants'),
    ]);
    for (const { status, headers, body, tookMs } of answers) {
      expect([status, body.type]).toEqual([503, 'urn:herald:problem:unavailable']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(tookMs).toBeLessThan(4000);
    }
  }
  const batch = await api.post<{ results: { status: number }[] }>('/v1/notifications/batch', {
    notifications: [email(newEmail()), email(newEmail())],
  });
  expect([batch.status, ...(batch.body.results ?? []).map(({ status }) => status)]).toContain(503);
  await until(async () => Object.values(await probe('/readyz')).every((status) => status === 503));
  expect(await probe('/readyz')).toEqual(everywhere(503));
  expect(await probe('/livez')).toEqual(everywhere(200));

  await cluster.postgres.restart();
  const to = newEmail('after');
  const { deliveryId } = await until(() => sendOne(api, email(to)));
  await untilState(api, deliveryId, 'sent');
  await untilState(api, first.deliveryId, 'sent');
  await until(async () => Object.values(await probe('/readyz')).every((status) => status === 200));
});

it('what is sent while Postgres is away is written down when it is back, and not sent again', async () => {
  const to = newEmail('away');
  const action = { type: 'delay', ms: 1500 } as const;
  const { id } = cluster.sandbox.behaviours.add({ channel: 'email', match: { to }, action });
  const { deliveryId } = await sendOne(cluster.api(), email(to));
  // Before the provider is called, a worker without Postgres gives the delivery back.
  await until(() => cluster.sandbox.behaviours.list().find((rule) => rule.id === id)?.applied === 1);
  await cluster.postgres.crash();
  await until(() => messagesTo(to) === 1);
  await cluster.postgres.restart();
  const delivery = await until(async () => {
    const read = await readDelivery(cluster.api(), deliveryId);
    return read.state === 'sent' && read;
  });
  expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['accepted']);
  expect(messagesTo(to)).toBe(1);
});

it('Postgres crashes while 500 are accepted and sent: what had its 202 is delivered exactly once', async () => {
  const run = unique('crash');
  cluster.sandbox.behaviours.add({
    channel: 'email',
    match: { to: `${run}-*` },
    action: { type: 'delay', ms: 50 },
  });
  const left = Array.from({ length: 500 }, (_, n) => n);
  const refused = { count: 0 };
  const client = async () => {
    for (let n = left.shift(); n !== undefined; n = left.shift()) {
      const body = email(`${run}-${n}@example.com`, { metadata: { run }, idempotencyKey: `${run}-${n}` });
      await until(
        async () => {
          const { status } = await cluster.api().post<AcceptedNotificationDto>('/v1/notifications', body);
          if (status === 503) refused.count += 1;
          else if (status !== 202) throw new Error(`${status} instead of 202 or 503`);
          return status === 202;
        },
        { timeoutMs: 60_000, everyMs: 100 },
      );
    }
  };
  const posting = Promise.all(Array.from({ length: 8 }, client));
  await untilArrived(cluster.sandbox, run, 100);
  await cluster.postgres.crash();
  await until(() => refused.count > 0);
  await cluster.postgres.restart();
  await posting;
  await untilArrived(cluster.sandbox, run, 500);
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 500 });
  expect(notOnce(arrived(cluster.sandbox, run), run, 500)).toEqual([]);
});

it('Postgres hangs: 503 after the time of a statement, then at once; a repeat makes no second one', async () => {
  const run = unique('frozen');
  const api = cluster.api();
  await postMany(api, run, [0, 10]);
  await untilAllSettled(cluster, run);
  const to = newEmail('frozen');
  const post = () => api.post('/v1/notifications', email(to, { idempotencyKey: run }));
  const family = familyOf(cluster.postgres.pid);
  for (const pid of family) process.kill(pid, 'SIGSTOP');
  try {
    const first = await post();
    expect(first.status).toBe(503);
    // The client's own time-out comes 2 s after the server's.
    expect(first.tookMs).toBeLessThan(STATEMENT_MS + 2000 + 3000);
    const second = await post();
    expect([second.status, second.headers.get('retry-after')]).toEqual([
      503,
      expect.stringMatching(/^[1-9]/),
    ]);
    expect((await cluster.service('ingest-api').client.get('/livez')).status).toBe(200);
  } finally {
    for (const pid of family.reverse()) process.kill(pid, 'SIGCONT');
  }
  await until(async () => (await post()).status === 202);
  await until(() => messagesTo(to) >= 1);
  await until(async () => Object.values(await probe('/readyz')).every((status) => status === 200));
  const { body } = await api.get<{ items: object[] }>(
    `/v1/notifications?recipient=${encodeURIComponent(to)}`,
  );
  expect(body.items).toMatchObject([{ counts: { sent: 1 } }]);
  expect([messagesTo(to), await statesOf(cluster, run)]).toEqual([1, { sent: 10 }]);
});
