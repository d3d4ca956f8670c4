import { smsSegments } from '../twilio/sms-segments';

/** A valid request for a message. */
export interface SubmitSms {
  /** E.164. */
  to: string;
  from: string;
  /** As the phone shows it. */
  text: string;
  callback: string | null;
  clientRef: string | null;
}

/** `status` and `text` are what Vonage answers. */
export type ParsedSubmitSms = { ok: true; sms: SubmitSms } | { ok: false; status: number; text: string };

const NUMBER = /^\d{7,15}$/;
const SENDER = /^(\+?\d{3,15}|(?=.*[a-z])[a-z0-9 ]{1,11})$/i;
const MAX_TEXT_CHARACTERS = 3200;

/** Checks the fields of `POST /sms/json` as Vonage does: the first thing that is wrong is answered. */
export function parseSubmitSms(fields: ReadonlyMap<string, string>): ParsedSubmitSms {
  const refused = (status: number, text: string) => ({ ok: false, status, text }) as const;
  for (const name of ['from', 'to', 'text']) {
    if (!fields.get(name)) return refused(2, `Missing ${name} param`);
  }
  const [from = '', to = '', text = ''] = ['from', 'to', 'text'].map((name) => fields.get(name));
  const callback = fields.get('callback') ?? null;
  if (!NUMBER.test(to)) return refused(3, 'Invalid to param');
  if (!SENDER.test(from)) return refused(3, 'Invalid from param');
  if ([...text].length > MAX_TEXT_CHARACTERS) return refused(12, 'Message too long');
  if (callback !== null && !isHttpUrl(callback)) return refused(23, 'Invalid callback url');
  const shown = fields.get('type') === 'unicode' ? text : asGsm(text);
  return {
    ok: true,
    sms: { to: `+${to}`, from, text: shown, callback, clientRef: fields.get('client-ref') ?? null },
  };
}

/** As a phone gets a text that was not declared as unicode. */
function asGsm(text: string): string {
  return [...text]
    .map((character) => (smsSegments(character).encoding === 'GSM-7' ? character : '?'))
    .join('');
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}
