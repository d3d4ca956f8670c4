import { CHANNELS } from '@herald/contracts';
import { newId } from '@herald/domain';
import { createWorkerConnection, LaneWorker } from '@herald/queue';
import { until } from '@herald/testing';
import { useTestAdmin } from './testing/use-test-admin';

const admin = useTestAdmin();

const lanes = { critical: 0, default: 0, bulk: 0 };
const waiting = async (channel: string) => {
  const { body } = await admin.operator.get('/v1/channels').expect(200);
  const found = body.items.find((item: { channel: string }) => item.channel === channel);
  return Object.fromEntries(
    found.lanes.map((lane: { priority: string; waiting: number }) => [lane.priority, lane.waiting]),
  );
};

it('pauses and resumes a channel; what waits is counted', async () => {
  const { body } = await admin.operator.get('/v1/channels').expect(200);
  expect(body.items).toMatchObject(CHANNELS.map((channel) => ({ channel, paused: false })));
  const paused = await admin.operator.post('/v1/channels/sms/pause').expect(200);
  expect(paused.body).toMatchObject({ channel: 'sms', paused: true });
  let taken = 0;
  const connection = createWorkerConnection({ url: process.env.HERALD_TEST_REDIS_URL as string });
  const worker = new LaneWorker({
    connection,
    prefix: admin.queues.prefix,
    channel: 'sms',
    lane: 'bulk',
    concurrency: 1,
    process: async () => {
      taken += 1;
      return 'done';
    },
    letIn: async () => undefined,
    onError: () => undefined,
  });
  try {
    const id = newId(Date.now());
    await admin.queues.ring([{ id, tenantId: id, channel: 'sms', lane: 'bulk' }]);
    expect(await waiting('sms')).toEqual({ ...lanes, bulk: 1 });
    expect(await waiting('email')).toEqual(lanes);
    expect(taken).toBe(0);
    const resumed = await admin.operator.post('/v1/channels/sms/resume').expect(200);
    expect(resumed.body).toMatchObject({ channel: 'sms', paused: false });
    await until(() => taken > 0);
    expect(taken).toBe(1);
  } finally {
    await worker.close(5000);
    connection.disconnect();
  }
});

it('is for the operator, and for channels that exist', async () => {
  const tenant = await admin.newTenant();
  await tenant.admin.get('/v1/channels').expect(403);
  await tenant.admin.post('/v1/channels/email/pause').expect(403);
  await admin.operator.post('/v1/channels/fax/pause').expect(404);
  await admin.operator.get('/v1/channels/email/pause').expect(405);
});

describe('a pause', () => {
  afterEach(() => admin.operator.post('/v1/channels/sms/resume').expect(200));
  const sms = async () => {
    const { body } = await admin.operator.get('/v1/channels').expect(200);
    return body.items.find((item: { channel: string }) => item.channel === 'sms');
  };

  it('says since when, by whom and why, as far as it was said', async () => {
    const before = Date.now();
    const said = { reason: 'Twilio has an outage', by: 'Ada' };
    const { body: first } = await admin.operator.post('/v1/channels/sms/pause', said).expect(200);
    expect(first).toMatchObject({ paused: true, pausedBy: 'Ada', pauseReason: said.reason });
    expect(Math.abs(Date.parse(first.pausedAt) - before)).toBeLessThan(60_000);
    const { body: again } = await admin.operator
      .post('/v1/channels/sms/pause', { reason: 'Still' })
      .expect(200);
    expect(again).toMatchObject({ pausedAt: first.pausedAt, pausedBy: 'Ada', pauseReason: 'Still' });
    expect(await sms()).toEqual(again);
    await admin.operator.post('/v1/channels/sms/resume').expect(200);
    expect(Object.keys(await sms()).sort()).toEqual(['channel', 'lanes', 'paused']);
    const { body: plain } = await admin.operator.post('/v1/channels/sms/pause').expect(200);
    expect(Object.keys(plain).sort()).toEqual(['channel', 'lanes', 'paused', 'pausedAt']);
  });

  it.each([
    [{ reason: 'x'.repeat(501) }, '/reason'],
    [{ reason: '' }, '/reason'],
    [{ by: 'x'.repeat(201) }, '/by'],
    [{ reason: 7 }, '/reason'],
    [{ lane: 'bulk' }, '/lane'],
  ])('with %j is refused and pauses nothing', async (body, pointer) => {
    const answer = await admin.operator.post('/v1/channels/sms/pause', body).expect(422);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
    expect(await sms()).toMatchObject({ paused: false });
  });

  it('takes the longest reason', async () => {
    const reason = 'x'.repeat(500);
    const { body } = await admin.operator.post('/v1/channels/sms/pause', { reason }).expect(200);
    expect(body.pauseReason).toBe(reason);
  });

  it('is shown from Postgres when Redis has lost it, and comes back with the next change of any channel', async () => {
    await admin.operator.post('/v1/channels/sms/pause').expect(200);
    const client = createWorkerConnection({ url: process.env.HERALD_TEST_REDIS_URL as string });
    await client.del(await client.keys(`${admin.queues.prefix}:*`));
    client.disconnect();
    expect(await sms()).toMatchObject({ paused: true });
    expect((await admin.queues.take('sms', 'default', 50, [])).left).toBe('unknown');
    await admin.operator.post('/v1/channels/email/resume').expect(200);
    expect((await admin.queues.take('sms', 'default', 50, [])).left).toBe('paused');
  });
});

describe('without Redis', () => {
  const without = useTestAdmin({ redisUrl: 'redis://127.0.0.1:1' });

  it('says what is paused, and keeps what is asked for', async () => {
    const { body } = await without.operator.post('/v1/channels/sms/pause', { reason: 'A test' }).expect(202);
    expect(body).toMatchObject({ channel: 'sms', paused: true, pauseReason: 'A test', lanes: [] });
    const list = await without.operator.get('/v1/channels').expect(200);
    expect(list.body.items).toMatchObject(
      CHANNELS.map((channel) => ({ channel, paused: channel === 'sms', lanes: [] })),
    );
    const resumed = await without.operator.post('/v1/channels/sms/resume').expect(202);
    expect(resumed.body).toEqual({ channel: 'sms', paused: false, lanes: [] });
  });
});
