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

function emailErrors({ html, text, headers }: EmailContentDto): FieldError[] {
  const errors = headers ? oneClickErrors(headers) : [];
  if (html === undefined && text === undefined)
    errors.push({ pointer: '/content/email', detail: 'must have html, text or both' });
  return errors;
}

const ONE_CLICK = 'List-Unsubscribe=One-Click';

/** RFC 8058, section 3.1: the value is given, and there is an https address that takes the POST. */
function oneClickErrors(headers: Record<string, string>): FieldError[] {
  const named = (name: string) => Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  const post = named('list-unsubscribe-post');
  if (!post) return [];
  const pointer = `/content/email/headers/${post[0]}`;
  if (post[1] !== ONE_CLICK) return [{ pointer, detail: `must be "${ONE_CLICK}"` }];
  if (/<https:[^>]+>/i.test(named('list-unsubscribe')?.[1] ?? '')) return [];
  return [
    { pointer, detail: 'needs a List-Unsubscribe with an address in angle brackets that begins with https:' },
  ];
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
