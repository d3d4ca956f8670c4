import { type Platform, type PushContentDto } from '@herald/contracts';
import { type PushMessage } from '@herald/delivery';

/** A message as FCM's HTTP v1 API takes it (https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages). */
export interface FcmMessage {
  token: string;
  data?: Record<string, string>;
  notification?: { title?: string; body?: string; image?: string };
  android?: {
    priority: 'HIGH' | 'NORMAL';
    /** Seconds, such as `3600s`. */
    ttl?: string;
    collapse_key?: string;
    notification?: AndroidNotification;
  };
  apns?: {
    headers: Record<string, string>;
    payload: { aps: Aps };
    fcm_options?: { image: string };
  };
}

interface AndroidNotification {
  channel_id?: string;
  icon?: string;
  color?: string;
  tag?: string;
  sound?: string;
  click_action?: string;
  notification_count?: number;
}

interface Aps {
  alert?: { title?: string; subtitle?: string; body?: string };
  badge?: number;
  sound?: string;
  category?: string;
  'thread-id'?: string;
  'interruption-level'?: string;
  'mutable-content'?: 1;
  'content-available'?: 1;
}

/** What one platform is shown: the content with what it has of its own. */
type Text = Pick<PushContentDto, 'title' | 'body' | 'image' | 'sound' | 'clickAction'>;

/** A scheme in front: a link, and not the name of an action. */
const LINK = /^[a-z][a-z0-9+.-]*:/i;

/** FCM's message for one device. Without title and body nothing is shown: the app is woken. */
export function fcmMessage(message: PushMessage, nowMs: number): FcmMessage {
  const text = textFor(message.content, message.platform);
  const ttlSeconds = secondsLeft(message, nowMs);
  return message.platform === 'ios'
    ? iosMessage(message, text, ttlSeconds, nowMs)
    : androidMessage(message, text, ttlSeconds);
}

/**
 * What counts against FCM's limit, in bytes: for Android the names and values of what is shown and of the data; for iOS
 * the JSON that APNs is given. FCM puts a little around both that only it knows.
 */
export function fcmPayloadBytes({ notification, data, android, apns }: FcmMessage): number {
  if (apns) return Buffer.byteLength(JSON.stringify({ ...data, ...apns.payload }));
  return [notification, android?.notification, data]
    .flatMap((fields) => Object.entries(fields ?? {}))
    .filter(([, value]) => value !== undefined)
    .reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(String(value)), 0);
}

function textFor(content: PushContentDto, platform: Platform): Text {
  const own = content[platform];
  const text = (name: keyof Text) => own?.[name] ?? content[name];
  return {
    title: text('title'),
    body: text('body'),
    image: text('image'),
    sound: text('sound'),
    clickAction: text('clickAction'),
  };
}

/** How long FCM keeps the message for a device that is off: never longer than the delivery is good for. */
function secondsLeft({ content, expiresAt }: PushMessage, nowMs: number): number | undefined {
  if (expiresAt === undefined) return content.ttlSeconds;
  const left = Math.max(0, Math.floor((expiresAt - nowMs) / 1000));
  return Math.min(left, content.ttlSeconds ?? MAX_TTL_SECONDS);
}

/** Four weeks, which is what FCM takes for a message that says nothing. */
const MAX_TTL_SECONDS = 2_419_200;

const isShown = ({ title, body }: Text): boolean => title !== undefined || body !== undefined;

function androidMessage(
  { token, content }: PushMessage,
  text: Text,
  ttlSeconds: number | undefined,
): FcmMessage {
  const { title, body, image, sound, clickAction } = text;
  const { channelId, icon, color, tag } = content.android ?? {};
  const shown = isShown(text);
  const isAction = shown && clickAction !== undefined && !LINK.test(clickAction);
  return {
    token,
    // A tap on a message with an action that no activity has opens nothing: a link goes to the app as data.
    data: dataOf(content, isAction ? undefined : clickAction),
    ...(shown && { notification: { title, body, image } }),
    android: {
      priority: content.priority === 'normal' ? 'NORMAL' : 'HIGH',
      ...(ttlSeconds !== undefined && { ttl: `${ttlSeconds}s` }),
      ...(content.collapseKey && { collapse_key: content.collapseKey }),
      ...(shown && {
        notification: {
          channel_id: channelId,
          icon,
          color,
          tag,
          sound,
          ...(isAction && { click_action: clickAction }),
          notification_count: content.badge,
        },
      }),
    },
  };
}

function iosMessage(
  { token, content }: PushMessage,
  text: Text,
  ttlSeconds: number | undefined,
  nowMs: number,
): FcmMessage {
  const shown = isShown(text);
  const background = !shown && content.badge === undefined && text.sound === undefined;
  return {
    token,
    data: dataOf(content, text.clickAction),
    apns: {
      headers: {
        'apns-push-type': background ? 'background' : 'alert',
        // Apple takes background messages with 5 alone.
        'apns-priority': background || content.priority === 'normal' ? '5' : '10',
        ...(ttlSeconds !== undefined && { 'apns-expiration': expirationIn(ttlSeconds, nowMs) }),
        ...(content.collapseKey && { 'apns-collapse-id': content.collapseKey }),
      },
      payload: { aps: apsOf(content, text, shown) },
      ...(shown && text.image && { fcm_options: { image: text.image } }),
    },
  };
}

/** Seconds since the epoch; 0 means now or never. */
const expirationIn = (ttlSeconds: number, nowMs: number): string =>
  String(ttlSeconds === 0 ? 0 : Math.floor(nowMs / 1000) + ttlSeconds);

function apsOf(content: PushContentDto, { title, body, image, sound }: Text, shown: boolean): Aps {
  const { badge, ios: own, mutable } = content;
  if (!shown) return { 'content-available': 1, badge, sound };
  const { subtitle, category, threadId, interruptionLevel } = own ?? {};
  return {
    alert: { title, subtitle, body },
    badge,
    sound,
    category,
    'thread-id': threadId,
    'interruption-level': interruptionLevel,
    // The image is put in by an extension of the app, which only sees what may be changed.
    ...((mutable || image) && { 'mutable-content': 1 }),
  };
}

/** FCM has no field for what a tap opens on iOS, nor for links: the app finds it as `clickAction`. */
function dataOf(
  content: PushContentDto,
  clickAction: string | undefined,
): Record<string, string> | undefined {
  const data = { ...(clickAction !== undefined && { clickAction }), ...content.data };
  return Object.keys(data).length > 0 ? data : undefined;
}
