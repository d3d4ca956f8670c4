import { type TwilioError, twilioError } from './twilio-errors';

/** A valid request for a message. */
export interface CreateMessage {
  to: string;
  from: string | null;
  messagingServiceSid: string | null;
  body: string;
  mediaUrls: string[];
  statusCallback: string | null;
}

export type ParsedCreateMessage = { ok: true; message: CreateMessage } | { ok: false; error: TwilioError };

const MAX_BODY_CHARACTERS = 1600;
const E164 = /^\+[1-9]\d{6,14}$/;
const SHORT_CODE = /^\d{3,8}$/;
/** Up to 11 letters, digits and spaces (and a few signs), at least one of them a letter. */
const ALPHANUMERIC_SENDER = /^(?=.*[a-z])[a-z0-9 +\-_&]{1,11}$/i;
const MESSAGING_SERVICE = /^MG[0-9a-f]{32}$/i;

/** Checks the form of `POST …/Messages.json` as Twilio does: the first thing that is wrong is answered. */
export function parseCreateMessage(form: URLSearchParams): ParsedCreateMessage {
  const message: CreateMessage = {
    to: form.get('To') ?? '',
    from: form.get('From') || null,
    messagingServiceSid: form.get('MessagingServiceSid') || null,
    body: form.get('Body') ?? '',
    mediaUrls: form.getAll('MediaUrl'),
    statusCallback: form.get('StatusCallback') || null,
  };
  const error = findError(message);
  return error === undefined ? { ok: true, message } : { ok: false, error };
}

function findError(message: CreateMessage): TwilioError | undefined {
  const { to, from, messagingServiceSid, body, mediaUrls, statusCallback } = message;
  if (to === '') return twilioError(21604);
  if (from === null && messagingServiceSid === null) return twilioError(21603);
  if (body === '' && mediaUrls.length === 0) return twilioError(21602);
  if (!E164.test(to)) return twilioError(21211, `The 'To' number ${to} is not a valid phone number.`);
  if (from !== null && ![E164, SHORT_CODE, ALPHANUMERIC_SENDER].some((form) => form.test(from))) {
    return twilioError(
      21212,
      `The 'From' number ${from} is not a valid phone number, shortcode, or alphanumeric sender ID.`,
    );
  }
  if (messagingServiceSid !== null && !MESSAGING_SERVICE.test(messagingServiceSid)) return twilioError(21705);
  if ([...body].length > MAX_BODY_CHARACTERS) return twilioError(21617);
  if (statusCallback !== null && !isHttpUrl(statusCallback)) return twilioError(21609);
  return undefined;
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}
