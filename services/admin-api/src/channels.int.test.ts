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
  expect(body.items).toMatchObject([
    { channel: 'email', paused: false },
    { channel: 'sms', paused: false },
    { channel: 'webhook', paused: false },
  ]);
  const paused = await admin.operator.post('/v1/channels/sms/pause').expect(200);
  expect(paused.body).toMatchObject({ channel: 'sms', paused: true });
  let taken = 0;
  const connection = createWorkerConnection(process.env.HERALD_TEST_REDIS_URL as string);
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

describe('without Redis', () => {
  const without = useTestAdmin({ redisUrl: 'redis://127.0.0.1:1' });

  it('answers 503 instead of hanging', async () => {
    const { body, headers } = await without.operator.get('/v1/channels').expect(503);
    expect(body.type).toBe('urn:herald:problem:unavailable');
    expect(headers['retry-after']).toBeDefined();
  });
});
