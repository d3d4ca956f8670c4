import { type ProviderDto } from '@herald/contracts';
import { until } from '@herald/testing';
import { email, newEmail, newPhone, readDelivery, sendOne, sms, untilState } from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();

const providersOf = async (channel: string) => {
  const { body } = await herald.api.get<{ items: ProviderDto[] }>(`/v1/providers?channel=${channel}`);
  return Object.fromEntries(body.items.map((provider) => [provider.type, provider]));
};
const attemptsOf = async (deliveryId: string) =>
  (await readDelivery(herald.api, deliveryId)).attempts.map(({ provider, outcome }) => [provider, outcome]);
/** Nothing of one test stays open or closed for the next. */
afterEach(async () => {
  for (const channel of ['sms', 'email'])
    for (const { id } of Object.values(await providersOf(channel)))
      await herald.api.patch(`/v1/providers/${id}`, { breaker: 'auto' });
});

it('an SMS goes out by the second provider when the first one fails, and its receipt is believed', async () => {
  const to = newPhone();
  const rule = await herald.sandbox.misbehave({
    channel: 'sms',
    match: { to, provider: 'twilio' },
    action: { type: 'fail', code: 20500 },
  });
  const { deliveryId } = await sendOne(herald.api, sms(to));
  await untilState(herald.api, deliveryId, 'delivered');
  await herald.sandbox.behave(rule);
  expect(await attemptsOf(deliveryId)).toEqual([
    ['twilio', 'retry'],
    ['vonage', 'accepted'],
  ]);
  expect(await herald.sandbox.messages(to)).toHaveLength(1);
});

it('an e-mail goes out by SendGrid when the mail server is not used, and its events are believed', async () => {
  const { smtp } = await providersOf('email');
  await herald.api.patch(`/v1/providers/${smtp!.id}`, { breaker: 'open' });
  await until(async () => {
    const to = newEmail();
    const { deliveryId } = await sendOne(herald.api, email(to));
    const { provider } = await untilState(herald.api, deliveryId, ['sent', 'delivered']);
    if (provider !== 'sendgrid') return false;
    await untilState(herald.api, deliveryId, 'delivered');
    return (await herald.sandbox.messages(to)).length === 1;
  });
});

it('an e-mail goes out by SES when nobody else is used, and its notifications are believed', async () => {
  const { smtp, sendgrid, ses } = await providersOf('email');
  for (const { id } of [smtp!, sendgrid!]) await herald.api.patch(`/v1/providers/${id}`, { breaker: 'open' });
  const bounced = newEmail('bounced');
  const rule = { channel: 'email', match: { to: bounced, provider: 'ses' } } as const;
  await herald.sandbox.misbehave({ ...rule, action: { type: 'events', events: ['bounce'] } });
  await until(async () => {
    const to = newEmail();
    const { deliveryId } = await sendOne(herald.api, email(to));
    const { provider } = await untilState(herald.api, deliveryId, ['sent', 'delivered']);
    if (provider !== 'ses') return false;
    await untilState(herald.api, deliveryId, 'delivered');
    return (await herald.sandbox.messages(to)).length === 1;
  });
  const first = await sendOne(herald.api, email(bounced));
  expect(await untilState(herald.api, first.deliveryId, 'undelivered')).toMatchObject({
    provider: ses!.type,
  });
  const second = await sendOne(herald.api, email(bounced));
  expect(await untilState(herald.api, second.deliveryId, 'skipped')).toMatchObject({
    reason: 'suppressed_bounce',
  });
});

it('an SMS without a receipt in time goes out by the second provider, too', async () => {
  const to = newPhone();
  await herald.sandbox.misbehave({
    channel: 'sms',
    match: { to, provider: 'twilio' },
    action: { type: 'receipts', mode: 'none' },
  });
  const { deliveryId } = await sendOne(herald.api, { ...sms(to), failover: { withoutReceiptSeconds: 1 } });
  const delivery = await untilState(herald.api, deliveryId, 'delivered');
  expect(await attemptsOf(deliveryId)).toEqual([
    ['twilio', 'accepted'],
    ['vonage', 'accepted'],
  ]);
  expect(delivery.timeline).toContainEqual(
    expect.objectContaining({ reason: 'receipt_missing', detail: 'twilio' }),
  );
});

it('is refused for what may only be sent once', async () => {
  const body = { ...sms(newPhone()), failover: { withoutReceiptSeconds: 1 }, delivery: 'at_most_once' };
  const { status, body: problem } = await herald.api.post<{ errors: unknown }>('/v1/notifications', body);
  expect([status, problem.errors]).toEqual([422, [expect.objectContaining({ pointer: '/failover' })]]);
});
