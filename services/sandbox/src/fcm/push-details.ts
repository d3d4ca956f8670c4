import { apsDetails, type Shown } from '../push/aps-details';
import type { PushDetails } from '../push/push-notification';
import type { FcmMessage } from './parse-send-request';

/** What a device gets of a message; one with a part for APNs is for iOS. */
export function pushDetails(
  message: FcmMessage,
  { projectId, messageId, nowMs }: { projectId: string; messageId: string; nowMs: number },
): PushDetails {
  const common = {
    provider: 'fcm' as const,
    to: message.token,
    from: projectId,
    messageId,
    payload: message,
  };
  return message.apns ? { ...common, ...onIos(message, nowMs) } : { ...common, ...onAndroid(message, nowMs) };
}

function onAndroid({ notification, data, android }: FcmMessage, nowMs: number): Shown {
  const own = android?.notification;
  const shown = { ...notification, ...own };
  const ttlSeconds = android?.ttl === undefined ? null : Math.floor(Number.parseFloat(android.ttl));
  const given = android?.data ?? data ?? {};
  return {
    platform: 'android',
    status: notification || own ? 'shown' : 'silent',
    title: shown.title ?? null,
    body: shown.body ?? null,
    subtitle: null,
    image: shown.image ?? null,
    badge: own?.notification_count ?? null,
    sound: shown.sound ?? null,
    category: null,
    threadId: null,
    interruptionLevel: null,
    channelId: shown.channel_id ?? null,
    icon: shown.icon ?? null,
    color: shown.color ?? null,
    tag: shown.tag ?? null,
    clickAction: shown.click_action ?? given.clickAction ?? null,
    data: given,
    collapseKey: android?.collapse_key ?? null,
    priority: android?.priority?.toLowerCase() ?? null,
    ttlSeconds,
    expiresAt: ttlSeconds === null ? null : new Date(nowMs + ttlSeconds * 1000).toISOString(),
  };
}

function onIos({ notification, data, apns }: FcmMessage, nowMs: number): Shown {
  return apsDetails({
    payload: apns?.payload ?? {},
    headers: apns?.headers ?? {},
    nowMs,
    alert: notification,
    data,
    image: apns?.fcm_options?.image ?? notification?.image,
  });
}
