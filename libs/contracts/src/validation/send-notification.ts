import { SendNotificationDto } from '../dto/send-notification';
import { type FieldError } from '../problem';
import { compileValidator } from './compiled';

export type SendValidation = { ok: true; value: SendNotificationDto } | { ok: false; errors: FieldError[] };

/**
 * The hot path's check of one notification. `to` may be one object or a list; the value that comes back always holds
 * a list, and pointers in errors are those of the body as it was sent. `maxDescribed` is that of `CompiledValidator`.
 */
export function createSendValidator(): (body: unknown, maxDescribed?: number) => SendValidation {
  const validate = compileValidator(SendNotificationDto);
  return (body, maxDescribed) => {
    const value = withRecipientList(body);
    const errors = validate(value, maxDescribed);
    if (!errors) return { ok: true, value: value as SendNotificationDto };
    return { ok: false, errors: value === body ? errors.map(oneOrMany) : errors.map(asSent) };
  };
}

/** The body with `to` as a list; the same object when there is nothing to change. */
export function withRecipientList(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { to } = body as { to?: unknown };
  if (typeof to !== 'object' || to === null || Array.isArray(to)) return body;
  return { ...body, to: [to] };
}

/** The schema wants a list, but one object will do as well. */
function oneOrMany(error: FieldError): FieldError {
  return error.pointer === '/to' && error.detail === 'must be a list'
    ? { ...error, detail: 'must be a recipient such as {"email":"ada@example.com"}, or a list of recipients' }
    : error;
}

function asSent(error: FieldError): FieldError {
  return { ...error, pointer: error.pointer.replace(/^\/to\/0(?=\/|$)/, '/to') };
}
