import { type PushContentDto } from '@herald/contracts';
import { type PushMessage } from '@herald/delivery';
import fc from 'fast-check';
import { apnsNotification } from './apns-payload';

const nowMs = Date.UTC(2030, 0, 1, 12);
const seconds = nowMs / 1000;

function notification(content: PushContentDto, more: Partial<PushMessage> = {}) {
  const message: PushMessage = { platform: 'ios', token: 'a1', content, ...more };
  const { headers, payload } = apnsNotification(message, { deliveryId: 'd1', topic: 'com.example', nowMs });
  return { headers, payload: JSON.parse(payload) };
}

it('puts everything where iOS or the app looks for it', () => {
  const { headers, payload } = notification({
    title: 'Title',
    body: 'Body',
    image: 'https://example.com/a.png',
    sound: 'bell.caf',
    clickAction: 'shop://orders/42',
    badge: 3,
    data: { order: '42' },
    priority: 'normal',
    collapseKey: 'order-42',
    ios: { subtitle: 'Subtitle', threadId: 'orders', category: 'ORDER', interruptionLevel: 'time-sensitive' },
  });
  expect(payload).toEqual({
    aps: {
      alert: { title: 'Title', subtitle: 'Subtitle', body: 'Body' },
      badge: 3,
      sound: 'bell.caf',
      category: 'ORDER',
      'thread-id': 'orders',
      'interruption-level': 'time-sensitive',
      'mutable-content': 1,
    },
    order: '42',
    clickAction: 'shop://orders/42',
    image: 'https://example.com/a.png',
  });
  expect(headers).toEqual({
    'apns-id': 'd1',
    'apns-topic': 'com.example',
    'apns-push-type': 'alert',
    'apns-priority': '5',
    'apns-collapse-id': 'order-42',
  });
});

it('prefers what is for iOS, and leaves out what is for Android', () => {
  const content: PushContentDto = {
    title: 'Title',
    body: 'Body',
    image: 'https://example.com/a.png',
    sound: 'bell',
    clickAction: 'OPEN',
    ios: { title: 'T', body: 'B', image: 'https://example.com/b.png', sound: 'b.caf', clickAction: 'b' },
    android: { title: 'A', channelId: 'orders' },
  };
  expect(notification(content).payload).toEqual({
    aps: { alert: { title: 'T', body: 'B' }, sound: 'b.caf', 'mutable-content': 1 },
    image: 'https://example.com/b.png',
    clickAction: 'b',
  });
});

it('wakes the app for data alone, never with the priority of what is shown', () => {
  const { headers, payload } = notification({ data: { order: '42' }, priority: 'high', mutable: true });
  expect(payload).toEqual({ aps: { 'content-available': 1 }, order: '42' });
  expect(headers).toMatchObject({ 'apns-push-type': 'background', 'apns-priority': '5' });
});

it('does not call a badge a background message', () => {
  const { headers, payload } = notification({ data: { order: '42' }, badge: 0 });
  expect(payload).toEqual({ aps: { 'content-available': 1, badge: 0 }, order: '42' });
  expect(headers).toMatchObject({ 'apns-push-type': 'alert', 'apns-priority': '10' });
});

it('makes a critical alert sound on a mute device', () => {
  const content: PushContentDto = { body: 'Fire', sound: 'siren', ios: { interruptionLevel: 'critical' } };
  expect(notification(content).payload.aps.sound).toEqual({ critical: 1, name: 'siren', volume: 1 });
});

it('lets an app change the message that asks for it', () => {
  expect(notification({ body: 'x', mutable: true }).payload.aps['mutable-content']).toBe(1);
  expect(notification({ body: 'x', mutable: false }).payload.aps).not.toHaveProperty('mutable-content');
});

it.each([
  [undefined, undefined, undefined],
  [3600, undefined, seconds + 3600],
  [3600, nowMs + 60_000, seconds + 60],
  [60, nowMs + 3_600_000, seconds + 60],
  [undefined, nowMs + 60_500, seconds + 60],
  [0, undefined, 0],
  [0, nowMs + 60_000, 0],
  [3600, nowMs + 500, 0],
  [3600, nowMs - 5000, 0],
])('with a time to live of %s and an end at %s it is kept until %s', (ttlSeconds, expiresAt, expected) => {
  const { headers } = notification({ body: 'x', ttlSeconds }, { expiresAt });
  expect(headers['apns-expiration']).toBe(expected?.toString());
});

it('has a collapse id that APNs takes for any key, the same one each time', () => {
  const idOf = (collapseKey: string) => notification({ body: 'x', collapseKey }).headers['apns-collapse-id'];
  expect(idOf('a'.repeat(64))).toBe('a'.repeat(64));
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme' }), (key) => {
      expect(idOf(key)).toMatch(/^[\x21-\x7e]{1,64}$/);
      expect(idOf(key)).toBe(idOf(key));
    }),
  );
  expect(idOf('für dich')).not.toBe(idOf('für mich'));
});
