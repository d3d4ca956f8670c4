import type { IncomingHttpHeaders } from 'node:http';

/** The headers of a push message that are not about who sent it. */
export interface PushHeaders {
  ttlSeconds: number;
  urgency: string;
  topic: string | null;
}

export type ParsedPushHeaders =
  | { ok: true; headers: PushHeaders }
  | { ok: false; status: number; reason: string };

const URGENCIES = ['very-low', 'low', 'normal', 'high'];
const TOPIC = /^[A-Za-z0-9_-]{1,32}$/;

/** Checks the headers as RFC 8030 and 8291 ask; the first thing that is wrong is answered. */
export function parsePushHeaders(headers: IncomingHttpHeaders): ParsedPushHeaders {
  const refused = (status: number, reason: string) => ({ ok: false, status, reason }) as const;
  const { ttl, urgency = 'normal', topic, 'content-encoding': encoding } = headers;
  if (typeof ttl !== 'string' || !/^\d{1,9}$/.test(ttl)) return refused(400, 'TTL is missing or no number.');
  if (typeof urgency !== 'string' || !URGENCIES.includes(urgency)) {
    return refused(400, `Urgency is none of ${URGENCIES.join(', ')}.`);
  }
  if (topic !== undefined && (typeof topic !== 'string' || !TOPIC.test(topic))) {
    return refused(400, 'Topic has more than 32 characters, or others than those of base64url.');
  }
  if (encoding !== 'aes128gcm') return refused(415, 'Content-Encoding is not aes128gcm.');
  return { ok: true, headers: { ttlSeconds: Number(ttl), urgency, topic: topic ?? null } };
}
