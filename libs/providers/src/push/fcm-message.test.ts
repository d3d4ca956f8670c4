import { type Platform, type PushContentDto } from '@herald/contracts';
import { fcmMessage, fcmPayloadBytes } from './fcm-message';

const NOW = 1_900_000_000_000;
const map = (platform: Platform, content: PushContentDto, expiresAt?: number) =>
  JSON.parse(JSON.stringify(fcmMessage({ platform, token: 'phone-1', content, expiresAt }, NOW)));

const full: PushContentDto = {
  title: 'Hi',
  body: 'Ada',
  image: 'https://example.com/i.png',
  sound: 'default',
  clickAction: 'OPEN_ORDER',
  badge: 3,
  data: { order: '42' },
  priority: 'normal',
  collapseKey: 'orders',
  ttlSeconds: 3600,
  mutable: true,
  ios: {
    title: 'Hi on iOS',
    subtitle: 'Order 42',
    threadId: 'orders',
    category: 'ORDER',
    interruptionLevel: 'time-sensitive',
    sound: 'bell.caf',
  },
  android: { body: 'Ada on Android', channelId: 'orders', icon: 'bag', color: '#3366ff', tag: 'order-42' },
};

it('says all there is to say to Android', () => {
  expect(map('android', full)).toEqual({
    token: 'phone-1',
    notification: { title: 'Hi', body: 'Ada on Android', image: 'https://example.com/i.png' },
    data: { order: '42' },
    android: {
      priority: 'NORMAL',
      ttl: '3600s',
      collapse_key: 'orders',
      notification: {
        channel_id: 'orders',
        icon: 'bag',
        color: '#3366ff',
        tag: 'order-42',
        sound: 'default',
        click_action: 'OPEN_ORDER',
        notification_count: 3,
      },
    },
  });
});

it('says all there is to say to iOS', () => {
  expect(map('ios', full)).toEqual({
    token: 'phone-1',
    data: { order: '42', clickAction: 'OPEN_ORDER' },
    apns: {
      headers: {
        'apns-push-type': 'alert',
        'apns-priority': '5',
        'apns-expiration': '1900003600',
        'apns-collapse-id': 'orders',
      },
      payload: {
        aps: {
          alert: { title: 'Hi on iOS', subtitle: 'Order 42', body: 'Ada' },
          badge: 3,
          sound: 'bell.caf',
          category: 'ORDER',
          'thread-id': 'orders',
          'interruption-level': 'time-sensitive',
          'mutable-content': 1,
        },
      },
      fcm_options: { image: 'https://example.com/i.png' },
    },
  });
});

it('says no more than what is given', () => {
  expect(map('android', { title: 'Hi' })).toEqual({
    token: 'phone-1',
    notification: { title: 'Hi' },
    android: { priority: 'HIGH', notification: {} },
  });
  expect(map('ios', { body: 'Hi' })).toEqual({
    token: 'phone-1',
    apns: {
      headers: { 'apns-push-type': 'alert', 'apns-priority': '10' },
      payload: { aps: { alert: { body: 'Hi' } } },
    },
  });
});

it('wakes the app with data alone, and shows nothing', () => {
  const content: PushContentDto = { data: { a: 'b' }, android: { channelId: 'c' }, clickAction: 'OPEN' };
  expect(map('android', content)).toEqual({
    token: 'phone-1',
    data: { a: 'b', clickAction: 'OPEN' },
    android: { priority: 'HIGH' },
  });
  expect(map('ios', content)).toEqual({
    token: 'phone-1',
    data: { a: 'b', clickAction: 'OPEN' },
    apns: {
      headers: { 'apns-push-type': 'background', 'apns-priority': '5' },
      payload: { aps: { 'content-available': 1 } },
    },
  });
});

it('shows a message to the one platform that has a text', () => {
  const content: PushContentDto = { data: { a: 'b' }, ios: { title: 'Hi' } };
  expect(map('android', content)).not.toHaveProperty('notification');
  expect(map('ios', content).apns.payload.aps).toEqual({ alert: { title: 'Hi' } });
});

it('sets a badge without a text as what a person sees', () => {
  expect(map('ios', { data: { a: 'b' }, badge: 0 }).apns).toEqual({
    headers: { 'apns-push-type': 'alert', 'apns-priority': '10' },
    payload: { aps: { 'content-available': 1, badge: 0 } },
  });
});

it('gives a link to the app: as the name of an action it would open nothing', () => {
  const android = map('android', { title: 'Hi', clickAction: 'shop://orders/42' });
  expect(android.android.notification).toEqual({});
  expect(android.data).toEqual({ clickAction: 'shop://orders/42' });
});

it("leaves the app's own data alone", () => {
  const content: PushContentDto = { title: 'Hi', clickAction: 'shop://1', data: { clickAction: 'mine' } };
  expect(map('ios', content).data).toEqual({ clickAction: 'mine' });
});

it('keeps a message no longer than the delivery is good for, nor longer than asked', () => {
  const ttl = (content: PushContentDto, expiresAt?: number) => map('android', content, expiresAt).android.ttl;
  expect(ttl({ title: 'Hi', ttlSeconds: 0 })).toBe('0s');
  expect(ttl({ title: 'Hi' }, NOW + 90_999)).toBe('90s');
  expect(ttl({ title: 'Hi', ttlSeconds: 60 }, NOW + 90_000)).toBe('60s');
  expect(ttl({ title: 'Hi', ttlSeconds: 120 }, NOW + 90_000)).toBe('90s');
  expect(ttl({ title: 'Hi' }, NOW + 365 * 86_400_000)).toBe('2419200s');
  expect(ttl({ title: 'Hi' }, NOW - 1)).toBe('0s');
  const expiration = (seconds: number) =>
    map('ios', { title: 'Hi', ttlSeconds: seconds }).apns.headers['apns-expiration'];
  expect(expiration(60)).toBe('1900000060');
  expect(expiration(0)).toBe('0');
});

it('counts names and values for Android, and the JSON of APNs for iOS, in bytes', () => {
  const bytes = (platform: Platform, content: PushContentDto) =>
    fcmPayloadBytes(fcmMessage({ platform, token: 'phone-1', content }, NOW));
  expect(bytes('android', { data: { a: 'ä' } })).toBe(3);
  expect(bytes('android', { title: 'Hi', badge: 12, android: { icon: 'i' } })).toBe(
    'titleHi'.length + 'notification_count12'.length + 'iconi'.length,
  );
  expect(bytes('ios', { title: 'Hi', data: { a: 'ä' } })).toBe(
    Buffer.byteLength('{"a":"ä","aps":{"alert":{"title":"Hi"}}}'),
  );
});
