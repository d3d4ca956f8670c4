import { type PushDetails, PushNotification } from '../push/push-notification';
import { WebPushNotification, type WebPushRequest } from '../webpush/web-push-notification';

export const IOS_TOKEN = '7c1f'.repeat(16);
export const ANDROID_TOKEN = `dK3jx9QeRk-2:APA91b${'HqT7pZ'.repeat(22)}`;

const NOTHING = {
  title: null,
  body: null,
  subtitle: null,
  image: null,
  badge: null,
  sound: null,
  category: null,
  threadId: null,
  interruptionLevel: null,
  channelId: null,
  icon: null,
  color: null,
  tag: null,
  clickAction: null,
  data: {},
  collapseKey: null,
  priority: null,
  ttlSeconds: null,
  expiresAt: null,
} satisfies Partial<PushDetails>;

/** A push message by APNs to an iPhone. */
export const iosPush = (more: Partial<PushDetails> = {}): PushNotification =>
  new PushNotification({
    ...NOTHING,
    provider: 'apns',
    to: IOS_TOKEN,
    from: 'com.acme.shop',
    platform: 'ios',
    status: 'shown',
    messageId: '0198a6f0-0000-7000-8000-000000000001',
    payload: { aps: { alert: { title: more.title, body: more.body } } },
    ...more,
  });

/** A push message by FCM to an Android phone. */
export const androidPush = (more: Partial<PushDetails> = {}): PushNotification =>
  new PushNotification({
    ...NOTHING,
    provider: 'fcm',
    to: ANDROID_TOKEN,
    from: 'acme-shop',
    platform: 'android',
    status: 'shown',
    messageId: 'projects/acme-shop/messages/0:1700000000000000%1',
    payload: { message: { token: ANDROID_TOKEN, notification: { title: more.title, body: more.body } } },
    ...more,
  });

/** A web push with this payload; null for one that cannot be decrypted. */
export const webPush = (payload: object | null, more: Partial<WebPushRequest> = {}): WebPushNotification => {
  const id = 'bXktYnJvd3NlcnMtc3Vic2NyaXB0aW9u';
  return new WebPushNotification({
    endpoint: `https://push.example.test/wpush/v1/${id}`,
    id,
    messageId: 'm1',
    payload: payload && JSON.stringify(payload),
    ttlSeconds: 86_400,
    urgency: 'high',
    topic: null,
    vapid: {
      publicKey: `B${'LmN4'.repeat(21)}Q8`,
      subject: 'mailto:ops@shop.test',
      expiresAt: new Date('2030-01-01T12:00:00Z'),
    },
    ...more,
  });
};
