import { type ChannelListDto } from '@herald/contracts';
import { until } from '@herald/testing';
import { Redis } from 'ioredis';
import { counter } from './harness/metrics';
import { newPhone, readDelivery, sendOne, sms, untilState } from './harness/notifications';
import { useCluster } from './harness/use-cluster';

const cluster = useCluster({ services: ['ingest-api', 'worker-sms', 'worker-sms', 'scheduler'] });

const arrivedAt = (phone: string) =>
  [...cluster.sandbox.store.newestFirst()].filter(({ message }) => message.to === phone);
const smsChannel = async () => {
  const { body } = await cluster.admin.get<ChannelListDto>('/v1/channels');
  return body.items.find(({ channel }) => channel === 'sms')!;
};
const waiting = async () =>
  (await smsChannel()).lanes.reduce((sum, lane) => sum + lane.waiting + lane.active, 0);
const checks = () => counter(cluster.service('scheduler').client, 'herald_pause_checks_total');

/** Until the scheduler has compared the pauses twice: the first may have been under way. */
async function untilChecked(): Promise<void> {
  const before = await checks();
  await until(async () => (await checks()) >= before + 2, {
    what: 'two looks at the pauses',
    timeoutMs: 20_000,
  });
}

async function flushAll(): Promise<void> {
  const redis = new Redis(cluster.redis.url);
  await redis.flushall();
  redis.disconnect();
}

async function repaired(): Promise<number> {
  const services = [
    cluster.service('scheduler'),
    cluster.service('worker-sms'),
    cluster.service('worker-sms', 1),
  ];
  const each = await Promise.all(
    services.map(({ client }) =>
      counter(client, 'herald_pauses_repaired_total', { channel: 'sms', now: 'paused' }),
    ),
  );
  return each.reduce((sum, n) => sum + n, 0);
}

it('a paused channel stays paused when Redis is emptied', async () => {
  const first = newPhone();
  await untilState(cluster.api(), (await sendOne(cluster.api(), sms(first))).deliveryId, 'sent');
  const { status } = await cluster.admin.post('/v1/channels/sms/pause', { reason: 'Outage', by: 'e2e' });
  expect(status).toBe(200);
  const repairedBefore = await repaired();
  await flushAll();
  const phone = newPhone();
  const { deliveryId } = await sendOne(cluster.api(), sms(phone));
  await untilChecked();
  expect(await readDelivery(cluster.api(), deliveryId)).toMatchObject({ state: 'queued', attempts: [] });
  expect(arrivedAt(phone)).toEqual([]);
  expect(await smsChannel()).toMatchObject({ paused: true, pauseReason: 'Outage', pausedBy: 'e2e' });
  expect(await waiting()).toBeGreaterThan(0);
  // Whoever came first; two that come at once may both count.
  expect(await repaired()).toBeGreaterThanOrEqual(repairedBefore + 3);

  expect((await cluster.admin.post('/v1/channels/sms/resume')).status).toBe(200);
  await untilState(cluster.api(), deliveryId, 'sent');
  expect(arrivedAt(phone)).toHaveLength(1);
});

it('a channel that is paused while Redis is away is paused when it is back, with what it had before', async () => {
  const phone = newPhone();
  await untilState(cluster.api(), (await sendOne(cluster.api(), sms(newPhone()))).deliveryId, 'sent');
  await cluster.redis.stop();
  expect((await cluster.admin.post('/v1/channels/sms/pause')).status).toBe(202);
  const { deliveryId } = await sendOne(cluster.api(), sms(phone));
  await cluster.redis.restart();
  await untilChecked();
  expect(await readDelivery(cluster.api(), deliveryId)).toMatchObject({ state: 'queued', attempts: [] });
  expect(arrivedAt(phone)).toEqual([]);
  expect((await cluster.admin.post('/v1/channels/sms/resume')).status).toBe(200);
  await untilState(cluster.api(), deliveryId, 'sent');
  expect(arrivedAt(phone)).toHaveLength(1);
});
