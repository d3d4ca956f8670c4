import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, type ChannelListDto, type ChannelStatusDto } from '@herald/contracts';
import { until } from '@herald/testing';
import {
  email,
  newEmail,
  newPhone,
  readDelivery,
  send,
  sendOne,
  sms,
  steps,
  unique,
  untilState,
  webhook,
} from './harness/notifications';
import { useHerald } from './harness/use-herald';

// How soon things come is tested here, so the scheduler looks often.
const herald = useHerald({ env: { RELAY_EVERY_MS: '500', PROMOTE_EVERY_MS: '250' } });

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

async function paused<T>(channel: Channel, test: () => Promise<T>): Promise<T> {
  expect((await herald.admin.post(`/v1/channels/${channel}/pause`)).status).toBe(200);
  try {
    return await test();
  } finally {
    await herald.admin.post(`/v1/channels/${channel}/resume`);
  }
}

async function lane(priority = 'default'): Promise<{ waiting: number; paused: boolean }> {
  const { body } = await herald.admin.get<ChannelListDto>('/v1/channels');
  const { paused, lanes } = body.items.find(({ channel }) => channel === 'sms') as ChannelStatusDto;
  return { paused, waiting: lanes.find((each) => each.priority === priority)!.waiting };
}

describe('sendAt', () => {
  it('sends not before its time and soon after', async () => {
    const sendAt = inMs(1000);
    const run = unique('at');
    const posted = await Promise.all(
      Array.from({ length: 5 }, (_, n) => sendOne(herald.api, email(`${run}-${n}@example.com`, { sendAt }))),
    );
    const waiting = await readDelivery(herald.api, posted[0]!.deliveryId);
    expect(waiting).toMatchObject({
      state: 'scheduled',
      reason: 'scheduled_by_request',
      nextAttemptAt: sendAt,
    });
    const delivery = await untilState(herald.api, posted[0]!.deliveryId, 'sent');
    expect(steps(delivery)).toEqual(['accepted', 'scheduled', 'attempt', 'sent']);
    await herald.sandbox.untilArrived(run, 5);
    const late = await Promise.all(
      posted.map(async (_, n) => {
        const messages = await herald.sandbox.messages(`${run}-${n}@example.com`);
        expect(messages).toHaveLength(1);
        return Date.parse(messages[0]!.receivedAt) - Date.parse(sendAt);
      }),
    );
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    // The fastest of five: what holds up all of them is Herald, and not the machine.
    expect(Math.min(...late)).toBeLessThan(1500);
  });

  it('in the past means now, also with an offset', async () => {
    const { deliveries } = await send(herald.api, email(newEmail(), { sendAt: '2020-01-01T00:00:00+14:00' }));
    expect(deliveries[0]!.state).toBe('queued');
    await untilState(herald.api, deliveries[0]!.id, 'sent');
  });
});

describe('expiresAt', () => {
  it('passes while the provider is failing: expired, and not delivered', async () => {
    const url = herald.sandbox.webhookUrl(unique());
    const action = { type: 'fail', code: 503, retryAfterSeconds: 30 };
    const rule = await herald.sandbox.misbehave({ channel: 'webhook', match: { to: url }, action });
    const { deliveryId } = await sendOne(herald.api, webhook(url, { expiresAt: inMs(20_000) }));
    const delivery = await untilState(herald.api, deliveryId, 'expired');
    expect(delivery).toMatchObject({ reason: 'expired', attempts: [{ outcome: 'retry' }] });
    await herald.sandbox.behave(rule);
    const retry = await herald.api.post(`/v1/deliveries/${deliveryId}/retry`);
    expect(retry.status).toBe(409);
    expect(await herald.sandbox.messages(url)).toEqual([]);
  });

  it('passes while the channel is paused: expired without an attempt', async () => {
    const phone = newPhone();
    const expiresAt = inMs(1200);
    const { deliveryId } = await paused('sms', async () => {
      const sent = await sendOne(herald.api, sms(phone, { expiresAt }));
      await until(() => Date.now() > Date.parse(expiresAt));
      expect((await readDelivery(herald.api, sent.deliveryId)).state).toBe('queued');
      return sent;
    });
    const delivery = await untilState(herald.api, deliveryId, 'expired');
    expect([delivery.reason, delivery.attempts]).toEqual(['expired', []]);
    expect(await herald.sandbox.messages(phone)).toEqual([]);
  });

  it('of an item in the feed passes before it came there: expired, and never shown', async () => {
    const expiresAt = inMs(1200);
    const request = { to: { recipient: unique('user') }, content: { inapp: { title: 'Hello', expiresAt } } };
    const { deliveryId } = await paused('inapp', async () => {
      const sent = await sendOne(herald.api, request);
      await until(() => Date.now() > Date.parse(expiresAt));
      return sent;
    });
    expect(await untilState(herald.api, deliveryId, 'expired')).toMatchObject({
      reason: 'expired',
      attempts: [],
    });
  });

  it('that has not passed changes nothing', async () => {
    const { deliveryId } = await sendOne(
      herald.api,
      email(newEmail(), { sendAt: inMs(300), expiresAt: inMs(60_000) }),
    );
    await untilState(herald.api, deliveryId, 'sent');
  });

  it.each([
    ['expiresAt in the past', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    ['expiresAt before sendAt', { sendAt: inMs(60_000), expiresAt: inMs(30_000) }, '/expiresAt'],
    ['sendAt years ahead', { sendAt: inMs(400 * 86_400_000) }, '/sendAt'],
  ])('%s is refused', async (_name, times, pointer) => {
    const { status, body } = await herald.api.post('/v1/notifications', email(newEmail(), times));
    expect([status, body.errors!.map((error) => error.pointer)]).toEqual([422, [pointer]]);
  });
});

describe('a paused channel', () => {
  it('keeps what comes, rings for it once however long that takes, and sends all after the resume', async () => {
    const phones = Array.from({ length: 60 }, newPhone);
    const ids = await paused('sms', async () => {
      const { deliveries } = await send(herald.api, {
        to: phones.map((phone) => ({ phone })),
        content: { sms: { body: 'Paused' } },
      });
      const { waiting } = await until(async () => {
        const now = await lane();
        return now.waiting > 0 && now;
      });
      expect(waiting).toBe(2);
      // Well over the relay's grace of 1.5 s: it looks, and must see that nothing is lost.
      for (const end = Date.now() + 2500; Date.now() < end; await sleep(100)) {
        expect(await lane()).toEqual({ waiting: 2, paused: true });
      }
      return deliveries.map(({ id }) => id);
    });
    for (const id of ids) await untilState(herald.api, id, ['sent', 'delivered']);
    for (const phone of phones) expect(await herald.sandbox.messages(phone)).toHaveLength(1);
  });

  it('is for the operator alone, and must be one that exists', async () => {
    expect((await herald.api.post('/v1/channels/sms/pause')).status).toBe(403);
    expect((await herald.admin.post('/v1/channels/pigeon/pause')).status).toBe(404);
    expect((await lane()).paused).toBe(false);
  });
});

describe('what is slow', () => {
  it('in the bulk lane does not hold up the critical one', async () => {
    const run = unique('bulk');
    const rule = await herald.sandbox.misbehave({
      channel: 'email',
      match: { to: `${run}*` },
      action: { type: 'delay', ms: 1500 },
    });
    const people = Array.from({ length: 150 }, (_, n) => ({ email: `${run}-${n}@example.com` }));
    const bulk = await send(herald.api, {
      to: people,
      priority: 'bulk',
      content: { email: { subject: 'Campaign', text: 'Buy' } },
    });
    await untilState(herald.api, bulk.deliveries[0]!.id, 'sending');
    const { deliveryId } = await sendOne(herald.api, email(newEmail('otp'), { priority: 'critical' }));
    await untilState(herald.api, deliveryId, 'sent');
    expect((await herald.sandbox.counts(run)).size).toBeLessThan(150);
    await herald.sandbox.behave(rule);
    expect(new Set((await herald.sandbox.untilArrived(run, 150)).values())).toEqual(new Set([1]));
  });

  it('does not hold up the others of its job', async () => {
    const run = unique('job');
    const slow = `${run}-0@example.com`;
    const people = Array.from({ length: 40 }, (_, n) => ({ email: `${run}-${n}@example.com` }));
    await herald.sandbox.misbehave({
      channel: 'email',
      match: { to: slow },
      action: { type: 'hang', at: 'after-data' },
    });
    const { deliveries } = await send(herald.api, {
      to: people,
      delivery: 'at_most_once',
      content: { email: { subject: 'S', text: 'T' } },
    });
    const sentAt = [];
    for (const { id } of deliveries.slice(1)) {
      sentAt.push(Date.parse((await untilState(herald.api, id, 'sent')).sentAt!));
    }
    const { attempts } = await untilState(herald.api, deliveries[0]!.id, 'dead');
    const { startedAt, durationMs } = attempts[0]!;
    expect(Math.max(...sentAt)).toBeLessThan(Date.parse(startedAt) + durationMs);
  });
});
