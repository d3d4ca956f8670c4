import { createHash } from 'node:crypto';
import { type PushContentDto } from '@herald/contracts';
import { type PushMessage } from '@herald/delivery';

/** What is shown of a message, its part for iOS before the common one. */
interface Text {
  title?: string;
  subtitle?: string;
  body?: string;
  image?: string;
  sound?: string;
  clickAction?: string;
}

/** A notification as APNs takes it. */
export interface ApnsNotification {
  headers: Record<string, string>;
  /** JSON. */
  payload: string;
}

/**
 * A message for one device, by https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification
 * and sending-notification-requests-to-apns. Without text, badge and sound nothing is shown: the app is woken. The data
 * stand at the top, beside `aps`; so do `clickAction` and `image`, which iOS has no fields for and leaves to the app.
 */
export function apnsNotification(
  message: PushMessage,
  { deliveryId, topic, nowMs }: { deliveryId: string; topic: string; nowMs: number },
): ApnsNotification {
  const { content } = message;
  const text = textOf(content);
  const background = !isShown(text) && content.badge === undefined && text.sound === undefined;
  const expiration = expirationOf(message, nowMs);
  return {
    headers: {
      // Of several devices each gets the same: APNs hands it back and finds it in its log, and tells requests apart by the
      // token beside it. A repeat for a device has the id of the first.
      'apns-id': deliveryId,
      'apns-topic': topic,
      'apns-push-type': background ? 'background' : 'alert',
      // Background messages are taken with 5 alone.
      'apns-priority': background || content.priority === 'normal' ? '5' : '10',
      ...(expiration !== undefined && { 'apns-expiration': String(expiration) }),
      ...(content.collapseKey !== undefined && { 'apns-collapse-id': collapseIdOf(content.collapseKey) }),
    },
    payload: JSON.stringify(payloadOf(content, text)),
  };
}

function textOf({ title, body, image, sound, clickAction, ios }: PushContentDto): Text {
  return {
    title: ios?.title ?? title,
    subtitle: ios?.subtitle,
    body: ios?.body ?? body,
    image: ios?.image ?? image,
    sound: ios?.sound ?? sound,
    clickAction: ios?.clickAction ?? clickAction,
  };
}

const isShown = ({ title, subtitle, body }: Text): boolean =>
  title !== undefined || subtitle !== undefined || body !== undefined;

function payloadOf(content: PushContentDto, text: Text): object {
  const { title, subtitle, body, image, sound, clickAction } = text;
  const { badge, mutable, ios } = content;
  const shown = isShown(text);
  return {
    ...(clickAction !== undefined && { clickAction }),
    ...(image !== undefined && { image }),
    ...content.data,
    aps: {
      ...(shown ? { alert: { title, subtitle, body } } : { 'content-available': 1 }),
      badge,
      sound: soundOf(sound, ios?.interruptionLevel),
      category: ios?.category,
      'thread-id': ios?.threadId,
      'interruption-level': ios?.interruptionLevel,
      // An extension of the app, which puts the image in, only sees what may be changed.
      ...(shown && (mutable || image !== undefined) && { 'mutable-content': 1 }),
    },
  };
}

/** A critical alert sounds although the device is mute, which only the long form says. */
function soundOf(name: string | undefined, level: string | undefined): string | object | undefined {
  return name !== undefined && level === 'critical' ? { critical: 1, name, volume: 1 } : name;
}

/**
 * Until when APNs keeps the message for a device that is off, in epoch seconds and never longer than the delivery is good
 * for; 0 is now or never. Without any limit APNs goes by its own.
 */
function expirationOf({ content, expiresAt = Infinity }: PushMessage, nowMs: number): number | undefined {
  const { ttlSeconds = Infinity } = content;
  const end = Math.floor(Math.min(nowMs + ttlSeconds * 1000, expiresAt) / 1000);
  if (end === Infinity) return undefined;
  return end > nowMs / 1000 ? end : 0;
}

/** A header takes no more than 64 bytes of ASCII: another key goes by its digest, which is the same each time. */
function collapseIdOf(key: string): string {
  return /^[\x21-\x7e]{1,64}$/.test(key) ? key : createHash('sha256').update(key).digest('base64url');
}
