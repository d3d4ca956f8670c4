import { CHANNELS, type NotificationDto } from '@herald/contracts';
import { until } from '@herald/testing';
import {
  newEmail,
  newPhone,
  readDelivery,
  readNotification,
  send,
  sendOne,
  unique,
  untilState,
} from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();

/** APNs' tokens are hexadecimal; one that begins with `dead` is not registered any more, for FCM with `dead-`. */
const newIphone = () => ({
  platform: 'ios',
  token: Buffer.from(unique('')).toString('hex').padStart(64, 'a'),
});
const newAndroid = () => ({ platform: 'android', token: unique('android') });
const push = (...devices: object[]) => ({
  to: { devices },
  content: { push: { title: 'Hello', body: 'B' } },
});

async function newSubscription(): Promise<{ endpoint: string }> {
  const { items } = (await herald.api.get<{ items: { publicKey: string }[] }>('/v1/vapid-keys')).body;
  const response = await fetch(`${herald.sandbox.url}/webpush/subscriptions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ applicationServerKey: items[0]!.publicKey }),
  });
  return (await response.json()) as { endpoint: string };
}

it('one request on all six channels arrives on each, and each has its timeline', async () => {
  const [iphone, android, subscription] = [newIphone(), newAndroid(), await newSubscription()];
  const recipient = unique('user');
  await fetch(`${herald.sandbox.url}/inapp/recipients`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ recipient }),
  });
  const to = {
    email: newEmail(),
    phone: newPhone(),
    devices: [iphone, android],
    webpush: [subscription],
    recipient,
    webhookUrl: herald.sandbox.webhookUrl(unique()),
  };
  const { id } = await send(herald.api, {
    to,
    content: {
      email: { subject: 'Order 42', text: 'It is on its way.' },
      sms: { body: 'It is on its way.' },
      push: { title: 'Order 42', body: 'It is on its way.', data: { orderId: '42' } },
      webpush: { title: 'Order 42', body: 'It is on its way.', url: 'https://example.com/orders/42' },
      inapp: { title: 'Order 42', body: 'It is on its way.', category: 'orders', url: '/orders/42' },
      webhook: { payload: { orderId: 42 } },
    },
  });
  const notification = await until<NotificationDto>(async () => {
    const read = await readNotification(herald.api, id);
    // SMS and in-app say that they arrived, the others that they were taken.
    return (
      (read.counts.delivered ?? 0) >= 2 && (read.counts.sent ?? 0) + read.counts.delivered! === 6 && read
    );
  });
  expect(notification.deliveries.map(({ channel }) => channel).sort()).toEqual([...CHANNELS].sort());
  for (const { timeline } of notification.deliveries) {
    expect(timeline.map(({ type }) => type)).toEqual(expect.arrayContaining(['accepted', 'attempt', 'sent']));
  }
  const addresses = [
    to.email,
    to.phone,
    iphone.token,
    android.token,
    subscription.endpoint,
    recipient,
    to.webhookUrl,
  ];
  for (const address of addresses)
    expect([address, await herald.sandbox.messages(address)]).toEqual([address, [expect.anything()]]);
  const [onIphone] = await herald.sandbox.messages(iphone.token);
  expect(onIphone).toMatchObject({
    channel: 'push',
    provider: 'apns',
    title: 'Order 42',
    data: { orderId: '42' },
  });
  const [onAndroid] = await herald.sandbox.messages(android.token);
  expect(onAndroid).toMatchObject({
    channel: 'push',
    provider: 'fcm',
    title: 'Order 42',
    data: { orderId: '42' },
  });
  const [inBrowser] = await herald.sandbox.messages(subscription.endpoint);
  expect(inBrowser).toMatchObject({
    channel: 'webpush',
    title: 'Order 42',
    url: 'https://example.com/orders/42',
  });
  const [inApp] = await herald.sandbox.messages(recipient);
  expect(inApp).toMatchObject({
    channel: 'inapp',
    subject: 'Order 42',
    category: 'orders',
    status: 'unseen',
  });
});

it('a device that is gone is not tried again, and does not keep the others from theirs', async () => {
  const gone = { platform: 'ios', token: `dead${Buffer.from(unique('')).toString('hex').padStart(60, '0')}` };
  const android = newAndroid();
  const first = await sendOne(herald.api, push(gone, android));
  const delivery = await untilState(herald.api, first.deliveryId, 'sent');
  expect(delivery.attempts.map(({ provider, outcome, reason }) => [provider, outcome, reason])).toEqual([
    ['apns', 'permanent-address', 'unregistered'],
    ['fcm', 'accepted', undefined],
  ]);
  const again = await sendOne(herald.api, push(gone, android));
  const left = await untilState(herald.api, again.deliveryId, 'sent');
  expect(left.attempts).toMatchObject([{ provider: 'fcm', facts: { platform: 'android', leftOut: 1 } }]);
  const alone = await sendOne(herald.api, push(gone));
  expect(await untilState(herald.api, alone.deliveryId, 'skipped')).toMatchObject({
    reason: 'suppressed_unregistered',
    attempts: [],
  });
  const anew = await sendOne(
    herald.api,
    push({ ...gone, registeredAt: new Date(Date.now() + 60_000).toISOString() }),
  );
  const tried = await untilState(herald.api, anew.deliveryId, 'failed');
  expect(tried.attempts).toMatchObject([{ provider: 'apns', reason: 'unregistered' }]);
});

it('a browser that unsubscribed is not tried again', async () => {
  const subscription = await newSubscription();
  const endpoint = subscription.endpoint.replace(/[^/]+$/, (id) => `gone-${id}`);
  const body = { to: { webpush: [{ ...subscription, endpoint }] }, content: { webpush: { title: 'Hello' } } };
  const first = await sendOne(herald.api, body);
  expect(await untilState(herald.api, first.deliveryId, 'failed')).toMatchObject({ reason: 'unregistered' });
  const second = await sendOne(herald.api, body);
  expect(await untilState(herald.api, second.deliveryId, 'skipped')).toMatchObject({
    reason: 'suppressed_unregistered',
  });
});

it('what was read in the app is told on the timeline', async () => {
  const recipient = unique('user');
  const { deliveryId } = await sendOne(herald.api, {
    to: { recipient },
    content: { inapp: { title: 'Hello' } },
  });
  await untilState(herald.api, deliveryId, 'sent');
  const { status, body } = await herald.api.post<{ token: string }>('/v1/recipient-tokens', { recipient });
  expect(status).toBe(201);
  const app = herald.api.withKey(body.token);
  const feed = await app.get<{ items: { id: string; title: string }[] }>('/v1/feed');
  expect(feed.body.items).toMatchObject([{ id: deliveryId, title: 'Hello' }]);
  await untilState(herald.api, deliveryId, 'delivered');
  expect((await app.post('/v1/feed/marks', { ids: [deliveryId], as: 'read' })).body).toEqual({ changed: 1 });
  const { timeline } = await readDelivery(herald.api, deliveryId);
  expect(timeline.map(({ type }) => type)).toEqual(expect.arrayContaining(['delivered', 'seen', 'read']));
});
