import { type PushContentDto, type WebPushContentDto } from '@herald/contracts';

/**
 * The least that a push message can come to, in bytes: its texts and data as JSON. What a push service puts around it is
 * known to its provider alone, which checks the whole before it sends.
 */
export function leastPushBytes({ title, body, data }: PushContentDto): number {
  return Buffer.byteLength(JSON.stringify({ title, body, ...data }));
}

/** What the service worker of a page is given, as JSON. */
export function webPushPayload(content: WebPushContentDto): string {
  const { ttlSeconds, urgency, topic, ...shown } = content;
  return JSON.stringify(shown);
}
