import { type FieldViolation } from './fcm-errors';
import { fieldViolations } from './fcm-fields';

/** A message that FCM takes, as it came. */
export interface FcmMessage {
  token: string;
  data?: Record<string, string>;
  notification?: Texts;
  android?: {
    collapse_key?: string;
    priority?: string;
    ttl?: string;
    data?: Texts;
    notification?: AndroidTexts;
  };
  apns?: { headers?: Texts; payload?: Record<string, unknown>; fcm_options?: { image?: string } };
}

type Texts = Record<string, string>;
type AndroidTexts = Texts & { notification_count?: number };

export type ParsedSendRequest =
  | { ok: true; message: FcmMessage; validateOnly: boolean }
  | { ok: false; violations: FieldViolation[] };

const MAX_PAYLOAD_BYTES = 4096;
const TOKEN = /^[\x21-\x7e]{1,512}$/;

/** Checks the body of `messages:send` as FCM does, for messages to a single token. */
export function parseSendRequest(json: unknown): ParsedSendRequest {
  const {
    message,
    validate_only: validateOnly = false,
    ...others
  } = { ...(json as Record<string, unknown>) };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return refused('', `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`);
  }
  if (typeof message !== 'object' || message === null) return refused('message', 'Message is not set.');
  const violations = fieldViolations(message as Record<string, unknown>);
  if (violations.length > 0) return { ok: false, violations };
  const parsed = message as FcmMessage;
  if (typeof parsed.token !== 'string' || !TOKEN.test(parsed.token)) {
    return refused('message.token', 'The registration token is not a valid FCM registration token');
  }
  if (payloadBytes(parsed) > MAX_PAYLOAD_BYTES) {
    return refused('message', parsed.apns ? 'APNs payload is too big' : 'Android message is too big');
  }
  return { ok: true, message: parsed, validateOnly: validateOnly === true };
}

const refused = (field: string, description: string): ParsedSendRequest => ({
  ok: false,
  violations: [{ field, description }],
});

/** For iOS what APNs is given; for Android every name and value. */
function payloadBytes({ notification, data, android, apns }: FcmMessage): number {
  if (apns) return Buffer.byteLength(JSON.stringify({ ...data, ...apns.payload }));
  const fields = [notification, android?.notification, android?.data ?? data];
  return fields
    .flatMap((each) => Object.entries(each ?? {}))
    .reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}${value}`), 0);
}
