import type { Platform } from '@herald/contracts';
import type { MessageBrief, MessageFields, ReceivedMessage } from '../store/message';

/** What a device is given, as far as its push service tells; null for what the message does not say. */
export interface PushDetails {
  provider: 'fcm' | 'apns';
  /** The token of the device. */
  to: string;
  /** FCM's project, APNs' topic. */
  from: string;
  platform: Platform;
  /** Silent: it wakes the app and shows nothing. */
  status: 'shown' | 'silent';
  title: string | null;
  body: string | null;
  subtitle: string | null;
  image: string | null;
  badge: number | null;
  sound: string | null;
  category: string | null;
  threadId: string | null;
  interruptionLevel: string | null;
  channelId: string | null;
  icon: string | null;
  color: string | null;
  tag: string | null;
  clickAction: string | null;
  data: Record<string, unknown>;
  collapseKey: string | null;
  priority: string | null;
  ttlSeconds: number | null;
  /** RFC 3339. */
  expiresAt: string | null;
  /** What the push service answered: FCM's message name, APNs' id. */
  messageId: string;
  /** The JSON as received. */
  payload: unknown;
}

/** What a message holds besides its payload, in bytes, roughly. */
const OVERHEAD_BYTES = 1024;

/** A push message that a push service took for a device. */
export class PushNotification implements ReceivedMessage {
  readonly channel = 'push';
  readonly to: string;
  readonly bytes: number;

  constructor(private readonly details: PushDetails) {
    this.to = details.to;
    // The payload is kept whole and its texts once more.
    this.bytes = OVERHEAD_BYTES + 2 * Buffer.byteLength(JSON.stringify(details.payload));
  }

  isTo(address: string): boolean {
    return this.to === address;
  }

  brief(): MessageBrief {
    const { from, title, body, status } = this.details;
    const preview = (body ?? '').slice(0, 140);
    return { channel: this.channel, to: this.to, from, subject: title, preview, status };
  }

  fields(): MessageFields {
    const { title, body } = this.details;
    return { channel: this.channel, ...this.details, subject: title, text: body ?? '', html: null };
  }

  whole(): MessageFields {
    return this.fields();
  }
}
