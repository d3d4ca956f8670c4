import {
  type ContentDto,
  type EmailContentDto,
  type FieldError,
  type InAppContentDto,
  LIMITS,
  type PushContentDto,
  type WebPushContentDto,
} from '@herald/contracts';
import { leastPushBytes, webPushPayload } from './push-payload';

/** What is wrong with content that is valid field by field. */
export function contentErrors({ email, push, webpush, inapp }: ContentDto): FieldError[] {
  return [
    ...(email ? emailErrors(email) : []),
    ...(push ? pushErrors(push) : []),
    ...(webpush ? webPushErrors(webpush) : []),
    ...(inapp ? inAppErrors(inapp) : []),
  ];
}

function emailErrors({ html, text }: EmailContentDto): FieldError[] {
  if (html !== undefined || text !== undefined) return [];
  return [{ pointer: '/content/email', detail: 'must have html, text or both' }];
}

function pushErrors(push: PushContentDto): FieldError[] {
  if (push.title === undefined && push.body === undefined && Object.keys(push.data ?? {}).length === 0) {
    return [{ pointer: '/content/push', detail: 'must have a title, a body or data' }];
  }
  const bytes = leastPushBytes(push);
  if (bytes <= LIMITS.pushPayloadBytes) return [];
  return [tooLarge('/content/push', LIMITS.pushPayloadBytes, `title, body and data are ${bytes}`)];
}

function webPushErrors(webpush: WebPushContentDto): FieldError[] {
  const bytes = Buffer.byteLength(webPushPayload(webpush));
  if (bytes <= LIMITS.webPushPayloadBytes) return [];
  return [tooLarge('/content/webpush', LIMITS.webPushPayloadBytes, `this is ${bytes}`)];
}

function inAppErrors({ data }: InAppContentDto): FieldError[] {
  const bytes = data === undefined ? 0 : Buffer.byteLength(JSON.stringify(data));
  if (bytes <= LIMITS.inappDataBytes) return [];
  return [tooLarge('/content/inapp/data', LIMITS.inappDataBytes, `this is ${bytes}`)];
}

function tooLarge(pointer: string, max: number, are: string): FieldError {
  return { pointer, detail: `must come to at most ${max} bytes as JSON; ${are}` };
}
