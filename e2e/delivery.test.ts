import { type DeadLetterDto, type NotificationDto } from '@herald/contracts';
import { until } from '@herald/testing';
import {
  email,
  newEmail,
  newPhone,
  readDelivery,
  readNotification,
  send,
  sendOne,
  sms,
  steps,
  unique,
  untilSettled,
  untilState,
  webhook,
} from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();

describe('each channel is delivered and reported', () => {
  it('e-mail, with the text derived from its html, headers and attachments', async () => {
    const to = newEmail('Ada');
    const { deliveryId } = await sendOne(herald.api, {
      to: { email: to, locale: 'de-DE', timezone: 'Europe/Berlin' },
      content: {
        email: {
          subject: 'Grüße 👋',
          html: '<p>Hello <b>Ada</b></p>',
          from: 'Shop <shop@example.com>',
          replyTo: 'help@example.com',
          headers: { 'X-Order': '42' },
          attachments: [
            {
              filename: 'note.txt',
              contentType: 'text/plain',
              contentBase64: Buffer.from('attached').toString('base64'),
            },
          ],
        },
      },
    });
    const delivery = await untilState(herald.api, deliveryId, 'sent');
    const [message, ...others] = await herald.sandbox.messages(to);
    expect(others).toEqual([]);
    expect(message).toMatchObject({
      channel: 'email',
      to,
      subject: 'Grüße 👋',
      text: expect.stringContaining('Hello Ada'),
      html: expect.stringContaining('<b>Ada</b>'),
    });
    const source = JSON.stringify(await herald.sandbox.whole(message!.id));
    for (const part of [`<${deliveryId}@example.com>`, 'X-Order', 'help@example.com', 'note.txt']) {
      expect(source).toContain(part);
    }
    expect(delivery).toMatchObject({
      to,
      provider: 'smtp',
      providerMessageId: `<${deliveryId}@example.com>`,
    });
    expect(delivery.attempts).toEqual([expect.objectContaining({ number: 1, outcome: 'accepted' })]);
    expect(steps(delivery)).toEqual(['accepted', 'attempt', 'sent']);
  });

  it('SMS, and its receipts make it delivered', async () => {
    const to = newPhone();
    const { deliveryId } = await sendOne(herald.api, {
      to: { phone: to },
      content: { sms: { body: 'Ваш код 1234' } },
    });
    const delivery = await untilState(herald.api, deliveryId, 'delivered');
    const [message, ...others] = await herald.sandbox.messages(to);
    expect(others).toEqual([]);
    expect(message).toMatchObject({ channel: 'sms', to, text: 'Ваш код 1234' });
    expect(delivery.attempts[0]).toMatchObject({
      outcome: 'accepted',
      provider: 'twilio',
      providerMessageId: message!.sid,
      facts: { segments: 1, encoding: 'UCS-2' },
    });
    expect(steps(delivery).at(-1)).toBe('delivered');
    expect(delivery.deliveredAt).toBeDefined();
  });

  it('webhook, with a signature that holds', async () => {
    const url = herald.sandbox.webhookUrl(unique('hook'));
    const { deliveryId } = await sendOne(herald.api, {
      to: { webhookUrl: url },
      content: { webhook: { payload: { order: 42, note: 'ä' } } },
    });
    await untilState(herald.api, deliveryId, 'sent');
    const [message, ...others] = await herald.sandbox.messages(url);
    expect(others).toEqual([]);
    expect(message).toMatchObject({
      json: { order: 42, note: 'ä' },
      signature: { verified: true },
      headers: { 'webhook-id': deliveryId, 'content-type': 'application/json' },
    });
  });

  it('all of them at once to several recipients; one without an address is skipped', async () => {
    const people = [
      { email: newEmail(), phone: newPhone(), webhookUrl: herald.sandbox.webhookUrl(unique()) },
      { email: newEmail() },
    ];
    const { id, deliveries } = await send(herald.api, {
      to: people,
      content: { email: { subject: 'S', text: 'T' }, sms: { body: 'B' }, webhook: { payload: { n: 1 } } },
      metadata: { campaign: 'spring' },
    });
    expect(deliveries).toHaveLength(6);
    const notification = await until<NotificationDto>(async () => {
      const read = await readNotification(herald.api, id);
      return read.state === 'completed' && read.counts.delivered === 1 && read;
    });
    expect(notification.counts).toEqual({ sent: 3, delivered: 1, skipped: 2 });
    expect(notification).toMatchObject({ live: true, priority: 'default', metadata: { campaign: 'spring' } });
    const skipped = notification.deliveries.filter(({ state }) => state === 'skipped');
    expect(skipped.map(({ recipient, channel, reason }) => [recipient, channel, reason])).toEqual([
      [1, 'sms', 'no_contact_point'],
      [1, 'webhook', 'no_contact_point'],
    ]);
  });
});

describe('temporary failures', () => {
  it.each([
    ['e-mail', 'email', 451, () => newEmail(), email],
    ['SMS', 'sms', 20429, () => newPhone(), sms],
    ['webhook', 'webhook', 503, () => herald.sandbox.webhookUrl(unique()), webhook],
  ] as const)('%s: fails twice, then is delivered once', async (_name, channel, code, newAddress, body) => {
    const to = newAddress();
    await herald.sandbox.misbehave({ channel, match: { to }, action: { type: 'fail', code }, times: 2 });
    const { deliveryId } = await sendOne(herald.api, body(to));
    const delivery = await untilState(herald.api, deliveryId, ['sent', 'delivered']);
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'accepted']);
    expect(delivery.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });

  it("waits as long as the provider's Retry-After asks", async () => {
    const url = herald.sandbox.webhookUrl(unique());
    const action = { type: 'fail', code: 429, retryAfterSeconds: 2 };
    await herald.sandbox.misbehave({ channel: 'webhook', match: { to: url }, action, times: 1 });
    const { deliveryId } = await sendOne(herald.api, webhook(url));
    const { attempts } = await untilState(herald.api, deliveryId, 'sent');
    const [first, second] = attempts.map(({ startedAt }) => Date.parse(startedAt));
    expect(attempts[0]).toMatchObject({ outcome: 'retry', reason: 'rate_limited', code: 'http_429' });
    // Postgres and Redis may differ by a few milliseconds.
    expect(second! - first!).toBeGreaterThanOrEqual(1900);
    expect(second! - first!).toBeLessThan(8000);
  });

  it('comes back when it is due, and not with the next whole second', async () => {
    const url = herald.sandbox.webhookUrl(unique());
    const action = { type: 'fail', code: 500 };
    await herald.sandbox.misbehave({ channel: 'webhook', match: { to: url }, action, times: 3 });
    const { deliveryId } = await sendOne(herald.api, webhook(url));
    const { attempts } = await untilState(herald.api, deliveryId, 'sent');
    const starts = attempts.map(({ startedAt }) => Date.parse(startedAt));
    const gaps = starts.slice(1).map((at, index) => at - starts[index]!);
    expect(gaps).toHaveLength(3);
    // Delays are at most 200 ms here; the fastest of three tells the machine's load from a delay of ours.
    expect(Math.min(...gaps)).toBeLessThan(700);
  });

  it('ends as a dead letter that can be listed, replayed and is delivered then', async () => {
    const to = newEmail('dead');
    const rule = await herald.sandbox.misbehave({
      channel: 'email',
      match: { to },
      action: { type: 'fail', code: '451 4.3.0' },
    });
    const { id, deliveryId } = await sendOne(herald.api, email(to));
    const dead = await untilState(herald.api, deliveryId, 'dead');
    expect(dead).toMatchObject({ reason: 'retries_exhausted' });
    expect(dead.attempts).toHaveLength(4);
    expect((await readNotification(herald.api, id)).state).toBe('failed');

    const list = await herald.api.get<{ items: DeadLetterDto[] }>(
      '/v1/dead-letters?channel=email&reason=retries_exhausted&provider=smtp',
    );
    expect(list.body.items.find((letter) => letter.id === deliveryId)).toMatchObject({
      notificationId: id,
      attempts: 4,
      code: 'smtp_451_4.3.0',
    });

    await herald.sandbox.behave(rule);
    const replay = await herald.api.post('/v1/dead-letters/replay', { ids: [deliveryId] });
    expect([replay.status, replay.body]).toEqual([200, { replayed: 1 }]);
    const delivery = await untilState(herald.api, deliveryId, 'sent');
    expect(delivery.attempts).toHaveLength(5);
    expect(steps(delivery).slice(-4)).toEqual(['dead', 'replayed', 'attempt', 'sent']);
    expect(await herald.sandbox.messages(to)).toHaveLength(1);

    const again = await herald.api.post('/v1/dead-letters/replay', { ids: [deliveryId] });
    expect(again.body).toEqual({ replayed: 0, notReplayed: [{ id: deliveryId, reason: 'not_found' }] });
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });

  it('a dead letter can be tried again by its delivery, or discarded', async () => {
    const [retried, discarded] = [newEmail('retried'), newEmail('discarded')];
    const action = { type: 'fail', code: '554 5.7.1', at: 'data' };
    for (const to of [retried, discarded]) {
      await herald.sandbox.misbehave({ channel: 'email', match: { to }, action, times: 1 });
    }
    const one = await sendOne(herald.api, email(retried));
    const other = await sendOne(herald.api, email(discarded));
    expect(await untilState(herald.api, one.deliveryId, 'dead')).toMatchObject({
      reason: 'content_rejected',
    });
    await untilState(herald.api, other.deliveryId, 'dead');

    expect((await herald.api.post(`/v1/deliveries/${one.deliveryId}/retry`)).status).toBe(202);
    await untilState(herald.api, one.deliveryId, 'sent');
    const again = await herald.api.post(`/v1/deliveries/${one.deliveryId}/retry`);
    expect([again.status, again.body.type]).toEqual([409, 'urn:herald:problem:conflict']);

    const discard = await herald.api.post('/v1/dead-letters/discard', { ids: [other.deliveryId] });
    expect(discard.body).toEqual({ discarded: 1 });
    expect(await readDelivery(herald.api, other.deliveryId)).toMatchObject({
      state: 'failed',
      reason: 'discarded',
    });
    expect(await herald.sandbox.messages(discarded)).toEqual([]);
  });

  it('a Redis queue shows dead letters as well, and forgets what was replayed', async () => {
    const { Redis } = await import('ioredis');
    const redis = new Redis(herald.dev.redisUrl);
    try {
      const shown = async () => (await redis.lrange('{herald}:sms-dead:wait', 0, -1)).join();
      const to = newPhone();
      const action = { type: 'fail', code: 30007 };
      await herald.sandbox.misbehave({ channel: 'sms', match: { to }, action, times: 1 });
      const { deliveryId } = await sendOne(herald.api, sms(to));
      await untilState(herald.api, deliveryId, 'dead');
      await until(async () => (await shown()).includes(deliveryId));
      await herald.api.post('/v1/dead-letters/replay', { filter: { channel: 'sms' } });
      await untilState(herald.api, deliveryId, ['sent', 'delivered']);
      expect(await shown()).not.toContain(deliveryId);
    } finally {
      redis.disconnect();
    }
  });
});

describe('permanent failures', () => {
  it('a bounce fails, suppresses the address, and ends when the suppression is deleted', async () => {
    const to = newEmail('Bounce');
    const action = { type: 'fail', code: '550 5.1.1' };
    const rule = await herald.sandbox.misbehave({ channel: 'email', match: { to }, action });
    const first = await sendOne(herald.api, email(to));
    const failed = await untilState(herald.api, first.deliveryId, 'failed');
    expect(failed).toMatchObject({ reason: 'invalid_address' });
    expect(failed.attempts).toEqual([
      expect.objectContaining({ outcome: 'permanent-address', code: 'smtp_550_5.1.1' }),
    ]);
    await herald.sandbox.behave(rule);

    // Addresses are compared without regard to case.
    const second = await sendOne(herald.api, email(to.toUpperCase().replace('EXAMPLE.COM', 'example.com')));
    const skipped = await untilState(herald.api, second.deliveryId, 'skipped');
    expect(skipped).toMatchObject({ reason: 'suppressed_bounce', attempts: [] });
    const suppressions = await herald.api.get<{ items: { deliveryId?: string; hint: string }[] }>(
      '/v1/suppressions?channel=email',
    );
    const entry = suppressions.body.items.find(({ deliveryId }) => deliveryId === first.deliveryId);
    expect(entry?.hint).toBe('B•••@example.com');

    const path = `/v1/suppressions?channel=email&address=${encodeURIComponent(to)}`;
    expect((await herald.api.delete(path)).status).toBe(204);
    const third = await sendOne(herald.api, email(to));
    await untilState(herald.api, third.deliveryId, 'sent');
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
    expect((await herald.api.delete(path)).status).toBe(404);
  });

  it('an opt-out at the provider suppresses the number', async () => {
    const to = newPhone();
    const action = { type: 'fail', code: 21610 };
    await herald.sandbox.misbehave({ channel: 'sms', match: { to }, action, times: 1 });
    const first = await sendOne(herald.api, sms(to));
    expect(await untilState(herald.api, first.deliveryId, 'failed')).toMatchObject({ reason: 'opted_out' });
    const second = await sendOne(herald.api, sms(to));
    expect(await untilSettled(herald.api, second.deliveryId)).toMatchObject({
      state: 'skipped',
      reason: 'suppressed_opt_out',
    });
  });

  it('a suppression made by hand skips, and the skipped one can be sent after all', async () => {
    const to = newEmail('manual');
    const body = { channel: 'email', address: to };
    expect((await herald.api.post('/v1/suppressions', body)).status).toBe(201);
    expect((await herald.api.post('/v1/suppressions', body)).status).toBe(200);
    const { deliveryId } = await sendOne(herald.api, email(to));
    expect(await untilState(herald.api, deliveryId, 'skipped')).toMatchObject({
      reason: 'suppressed_manually',
    });
    await herald.api.delete(`/v1/suppressions?channel=email&address=${encodeURIComponent(to)}`);
    expect((await herald.api.post(`/v1/deliveries/${deliveryId}/retry`)).status).toBe(202);
    await untilState(herald.api, deliveryId, 'sent');
  });
});

describe('when nobody can know whether the provider took it', () => {
  const lost = { type: 'drop', at: 'after-data' };

  it('at_least_once sends again, with the same Message-ID', async () => {
    const to = newEmail('least');
    await herald.sandbox.misbehave({ channel: 'email', match: { to }, action: lost, times: 1 });
    const { deliveryId } = await sendOne(herald.api, email(to));
    const delivery = await untilState(herald.api, deliveryId, 'sent');
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous', 'accepted']);
    const sources = await Promise.all(
      (await herald.sandbox.messages(to)).map(async ({ id }) =>
        JSON.stringify(await herald.sandbox.whole(id)),
      ),
    );
    expect(sources).toHaveLength(2);
    for (const source of sources) expect(source).toContain(`<${deliveryId}@`);
  });

  it('at_most_once does not, and becomes a dead letter', async () => {
    const to = newPhone();
    await herald.sandbox.misbehave({ channel: 'sms', match: { to }, action: lost, times: 1 });
    await herald.sandbox.misbehave({
      channel: 'sms',
      match: { to },
      action: { type: 'receipts', mode: 'none' },
    });
    const { deliveryId } = await sendOne(herald.api, sms(to, { delivery: 'at_most_once' }));
    const delivery = await untilState(herald.api, deliveryId, 'dead');
    expect(delivery.reason).toBe('outcome_unknown');
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous']);
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });

  it('a provider that hangs costs its time-out and no more', async () => {
    const to = newEmail('hang');
    await herald.sandbox.misbehave({ channel: 'email', match: { to }, action: { type: 'hang' }, times: 1 });
    const { deliveryId } = await sendOne(herald.api, email(to));
    const { attempts } = await untilState(herald.api, deliveryId, 'sent');
    expect(attempts[0]).toMatchObject({ outcome: 'ambiguous', reason: 'timed_out' });
    expect(attempts[0]!.durationMs).toBeLessThan(10_000);
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });
});
