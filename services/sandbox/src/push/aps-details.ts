import type { PushDetails } from './push-notification';

/** What a device shows of a message, whoever brought it. */
export type Shown = Omit<PushDetails, 'provider' | 'to' | 'from' | 'messageId' | 'payload'>;

export interface ApsMessage {
  /** The JSON of APNs, `aps` and what stands beside it. */
  payload: Record<string, unknown>;
  /** `apns-…`. */
  headers: Record<string, string | undefined>;
  nowMs: number;
  /** What another service lays under it. */
  alert?: object;
  data?: Record<string, unknown>;
  image?: string;
}

const PRIORITIES: Record<string, string> = { '10': 'high', '5': 'normal', '1': 'low' };

/** What an iPhone shows of a message. */
export function apsDetails({ payload, headers, nowMs, alert = {}, data, image }: ApsMessage): Shown {
  const { aps: given, ...custom } = payload;
  const aps = { ...(given as Record<string, unknown>) };
  const shown: Record<string, unknown> =
    typeof aps.alert === 'string' ? { body: aps.alert } : { ...alert, ...(aps.alert as object) };
  const { title, subtitle, body } = shown;
  const all = { ...data, ...custom };
  const expiration = headers['apns-expiration'];
  const end = expiration === undefined ? null : Number(expiration) * 1000;
  return {
    platform: 'ios',
    status: text(title) === null && text(body) === null ? 'silent' : 'shown',
    title: text(title),
    body: text(body),
    subtitle: text(subtitle),
    image: image ?? text(all.image),
    badge: typeof aps.badge === 'number' ? aps.badge : null,
    sound: soundName(aps.sound),
    category: text(aps.category),
    threadId: text(aps['thread-id']),
    interruptionLevel: text(aps['interruption-level']),
    channelId: null,
    icon: null,
    color: null,
    tag: null,
    clickAction: text(all.clickAction),
    data: all,
    collapseKey: headers['apns-collapse-id'] ?? null,
    priority: PRIORITIES[headers['apns-priority'] ?? ''] ?? null,
    ttlSeconds: end === null ? null : Math.max(0, Math.round((end - nowMs) / 1000)),
    // 0 is no time, but says to try once.
    expiresAt: end === null || end === 0 ? null : new Date(end).toISOString(),
  };
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A critical alert has its sound in an object. */
function soundName(sound: unknown): string | null {
  return text(typeof sound === 'object' && sound !== null ? (sound as { name?: unknown }).name : sound);
}
