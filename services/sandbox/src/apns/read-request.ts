import type { IncomingHttpHeaders } from 'node:http2';
import type { ApnsReason } from './apns-reasons';

/** A request that says what it has to. */
export interface ApnsRequest {
  token: string;
  headers: Record<string, string | undefined>;
  payload: Record<string, unknown>;
}

const PATH = /^\/3\/device\/([^/?]*)$/;
const HEX = /^[0-9a-f]{2,200}$/i;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MAX_PAYLOAD_BYTES = 4096;
const MAX_COLLAPSE_BYTES = 64;
const PUSH_TYPES = new Set(['alert', 'background']);

/** What a request asks for, or why APNs would refuse it. */
export function readRequest(
  headers: IncomingHttpHeaders,
  body: Buffer,
  topic: string,
): { ok: true; request: ApnsRequest } | { ok: false; reason: ApnsReason } {
  const token = PATH.exec(headers[':path'] ?? '')?.[1];
  const reason =
    token === undefined
      ? 'BadPath'
      : (wrongWith(headers, topic) ?? (HEX.test(token) ? undefined : 'BadDeviceToken') ?? sizeOf(body));
  if (reason) return { ok: false, reason };
  const payload = parseObject(body);
  if (!payload) return { ok: false, reason: 'PayloadEmpty' };
  return { ok: true, request: { token: token as string, headers: ownHeaders(headers), payload } };
}

function wrongWith(headers: IncomingHttpHeaders, topic: string): ApnsReason | undefined {
  const own = ownHeaders(headers);
  const id = own['apns-id'];
  const priority = own['apns-priority'] ?? '10';
  if (headers[':method'] !== 'POST') return 'MethodNotAllowed';
  if (own['apns-topic'] === undefined) return 'MissingTopic';
  if (own['apns-topic'] !== topic) return 'DeviceTokenNotForTopic';
  if (id !== undefined && !UUID.test(id)) return 'BadMessageId';
  if (!PUSH_TYPES.has(own['apns-push-type'] ?? 'alert')) return 'InvalidPushType';
  if (!['1', '5', '10'].includes(priority)) return 'BadPriority';
  // Apple refuses a background push that wants to be urgent.
  if (own['apns-push-type'] === 'background' && priority === '10') return 'BadPriority';
  if (!/^\d{1,11}$/.test(own['apns-expiration'] ?? '0')) return 'BadExpirationDate';
  return Buffer.byteLength(own['apns-collapse-id'] ?? '') > MAX_COLLAPSE_BYTES ? 'BadCollapseId' : undefined;
}

function sizeOf(body: Buffer): ApnsReason | undefined {
  if (body.length === 0) return 'PayloadEmpty';
  return body.length > MAX_PAYLOAD_BYTES ? 'PayloadTooLarge' : undefined;
}

function ownHeaders(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[0].startsWith('apns-')),
  );
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
