import { setTimeout as sleep } from 'node:timers/promises';
import { type CancelResultDto } from '@herald/contracts';
import {
  email,
  newEmail,
  newPhone,
  readDelivery,
  readNotification,
  send,
  sendOne,
  steps,
  unique,
  untilSettled,
  untilState,
  webhook,
} from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();

const cancel = (id: string) => herald.api.post<CancelResultDto>(`/v1/notifications/${id}/cancel`);

interface Round {
  to: string;
  deliveryId: string;
  /** What the answer to the cancellation said. */
  canceled: boolean;
}

/**
 * Cancels what was just posted, a little later each time it was in time and a little sooner each time it was not, so
 * that most rounds are close.
 */
async function race(rounds: number): Promise<Round[]> {
  const results: Round[] = [];
  let delayMs = 0;
  for (let n = 0; n < rounds; n += 1) {
    const to = newEmail('race');
    const { id, deliveryId } = await sendOne(herald.api, email(to));
    if (delayMs >= 1) await sleep(delayMs);
    const { body } = await cancel(id);
    const canceled = body.canceled.some((delivery) => delivery.id === deliveryId);
    if (canceled === body.notCanceled.some((delivery) => delivery.id === deliveryId))
      throw new Error(`Neither or both: ${JSON.stringify(body)}`);
    results.push({ to, deliveryId, canceled });
    delayMs = canceled ? delayMs * 1.4 + 1 : delayMs / 2;
  }
  return results;
}

describe('cancel', () => {
  it('races with a worker: what is reported canceled never arrives, everything else does', async () => {
    const rounds = (await Promise.all(Array.from({ length: 6 }, () => race(35)))).flat();
    const [canceled, others] = [rounds.filter((r) => r.canceled), rounds.filter((r) => !r.canceled)];
    expect(canceled.length).toBeGreaterThan(5);
    expect(others.length).toBeGreaterThan(5);
    for (const { deliveryId } of others) await untilState(herald.api, deliveryId, 'sent');
    const arrived = await herald.sandbox.counts('race-');
    expect(others.map(({ to }) => arrived.get(to))).toEqual(others.map(() => 1));
    expect(canceled.filter(({ to }) => arrived.has(to))).toEqual([]);
    for (const { deliveryId } of canceled) {
      expect(await readDelivery(herald.api, deliveryId)).toMatchObject({
        state: 'canceled',
        reason: 'canceled_by_request',
        attempts: [],
      });
    }
  });

  it('of a scheduled one keeps it from being sent, and a repeat gets the same answer', async () => {
    const sendAt = new Date(Date.now() + 1500).toISOString();
    const [to, other] = [newEmail('canceled'), newEmail('kept')];
    const one = await sendOne(herald.api, email(to, { sendAt }));
    const two = await sendOne(herald.api, email(other, { sendAt }));
    const first = await cancel(one.id);
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      state: 'canceled',
      canceled: [{ id: one.deliveryId, state: 'canceled', reason: 'canceled_by_request' }],
      notCanceled: [],
    });
    expect((await cancel(one.id)).body).toEqual(first.body);
    await untilState(herald.api, two.deliveryId, 'sent');
    const delivery = await readDelivery(herald.api, one.deliveryId);
    expect([delivery.state, steps(delivery)]).toEqual(['canceled', ['accepted', 'scheduled', 'canceled']]);
    expect(await herald.sandbox.messages(to)).toEqual([]);
  });

  it('of one that is being sent says so, and ends it instead of trying again', async () => {
    const to = newEmail('hanging');
    await herald.sandbox.misbehave({ channel: 'email', match: { to }, action: { type: 'hang' } });
    const { id, deliveryId } = await sendOne(herald.api, email(to));
    await untilState(herald.api, deliveryId, 'sending');
    const { body } = await cancel(id);
    expect(body).toMatchObject({ canceled: [], notCanceled: [{ id: deliveryId, state: 'sending' }] });
    const delivery = await untilState(herald.api, deliveryId, 'canceled');
    expect(delivery.attempts).toHaveLength(1);
    expect(await herald.sandbox.messages(to)).toEqual([]);
  });

  it('of one that waits for its next attempt ends it', async () => {
    const url = herald.sandbox.webhookUrl(unique());
    const action = { type: 'fail', code: 503, retryAfterSeconds: 600 };
    await herald.sandbox.misbehave({ channel: 'webhook', match: { to: url }, action, times: 1 });
    const { id, deliveryId } = await sendOne(herald.api, webhook(url));
    const waiting = await untilState(herald.api, deliveryId, ['scheduled']);
    expect(waiting).toMatchObject({ reason: 'retry_scheduled' });
    expect(Date.parse(waiting.nextAttemptAt!) - Date.now()).toBeGreaterThan(500_000);
    expect((await cancel(id)).body.canceled).toHaveLength(1);
    const retry = await herald.api.post(`/v1/deliveries/${deliveryId}/retry`);
    expect([retry.status, retry.body.type]).toEqual([409, 'urn:herald:problem:conflict']);
  });

  it('of one that was sent changes nothing; of some cancels the rest', async () => {
    const [to, phone] = [newEmail(), newPhone()];
    const action = { type: 'fail', code: 20429, retryAfterSeconds: 600 };
    await herald.sandbox.misbehave({ channel: 'sms', match: { to: phone }, action });
    const { id, deliveries } = await send(herald.api, {
      to: { email: to, phone },
      content: { email: { subject: 'S', text: 'T' }, sms: { body: 'B' } },
    });
    const [mail, text] = deliveries.map((delivery) => delivery.id);
    await untilState(herald.api, mail!, 'sent');
    await untilState(herald.api, text!, 'scheduled');
    const { body } = await cancel(id);
    expect(body).toMatchObject({
      state: 'completed',
      canceled: [{ id: text, channel: 'sms' }],
      notCanceled: [{ id: mail, channel: 'email', state: 'sent' }],
    });
    expect((await readNotification(herald.api, id)).counts).toEqual({ sent: 1, canceled: 1 });
  });

  it('of an unknown one is a 404', async () => {
    for (const id of ['019abcde-0000-7000-8000-000000000000', 'nonsense']) {
      expect((await cancel(id)).status).toBe(404);
    }
  });
});

describe('a person can try again now', () => {
  it('one that waits for its next attempt', async () => {
    const url = herald.sandbox.webhookUrl(unique());
    const action = { type: 'fail', code: 503, retryAfterSeconds: 600 };
    await herald.sandbox.misbehave({ channel: 'webhook', match: { to: url }, action, times: 1 });
    const { deliveryId } = await sendOne(herald.api, webhook(url));
    await untilState(herald.api, deliveryId, 'scheduled');
    const retry = await herald.api.post(`/v1/deliveries/${deliveryId}/retry`);
    expect([retry.status, retry.body]).toMatchObject([202, { state: 'queued', reason: 'replayed' }]);
    const delivery = await untilState(herald.api, deliveryId, ['sent', 'delivered']);
    expect(delivery.attempts).toHaveLength(2);
  });

  it('but not one that is scheduled and was never tried', async () => {
    const sendAt = new Date(Date.now() + 600_000).toISOString();
    const { deliveryId } = await sendOne(herald.api, email(newEmail(), { sendAt }));
    expect((await herald.api.post(`/v1/deliveries/${deliveryId}/retry`)).status).toBe(409);
  });

  it('ten at once: one of them does it, and one message arrives', async () => {
    const to = newEmail('ten');
    const action = { type: 'fail', code: '554 5.7.1' };
    await herald.sandbox.misbehave({ channel: 'email', match: { to }, action, times: 1 });
    const { deliveryId } = await sendOne(herald.api, email(to));
    await untilState(herald.api, deliveryId, 'dead');
    const retries = await Promise.all(
      Array.from({ length: 10 }, () => herald.api.post(`/v1/deliveries/${deliveryId}/retry`)),
    );
    expect(retries.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(retries.filter(({ status }) => status === 409)).toHaveLength(9);
    const delivery = await untilSettled(herald.api, deliveryId);
    expect([delivery.state, delivery.attempts.length]).toEqual(['sent', 2]);
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });
});
