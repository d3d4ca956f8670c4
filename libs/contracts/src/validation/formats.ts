import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import isEmail from 'validator/lib/isEmail';
import isISO8601 from 'validator/lib/isISO8601';
import isRFC3339 from 'validator/lib/isRFC3339';
import isURL from 'validator/lib/isURL';
import { LIMITS } from '../limits';
import { isInheritedName } from './inherited-names';

export interface FormatRule {
  check(value: string): boolean;
  /** What a good value looks like, ending a sentence that begins with "must be". */
  wants: string;
}

const E164 = /^\+[1-9]\d{1,14}$/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const MIME_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/i;
/** Longer than any real one. Checked before the pattern, whose time grows with the square of the length. */
const MAX_MAILBOX_CHARS = 400;
const NAMED_ADDRESS = /^(?:"([^"\r\n]*)"|([^<>"\r\n]*?))\s*<([^<>\s]+)>$/;
const MAP_KEY = /^[A-Za-z0-9_.-]+$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Names in `data` that FCM and APNs keep for themselves. */
function isReservedDataKey(name: string): boolean {
  return /^(from|message_type|collapse_key|aps)$|^(google|gcm)/i.test(name);
}

function isHttpUrl(value: string): boolean {
  const options = {
    protocols: ['http', 'https'],
    require_protocol: true,
    require_tld: false,
    disallow_auth: true,
  };
  return value.length <= LIMITS.urlChars && isURL(value, options) && URL.canParse(value);
}

function isBase64Url(value: string, bytes: number): boolean {
  return /^[A-Za-z0-9_-]+={0,2}$/.test(value) && Buffer.from(value, 'base64url').length === bytes;
}

/** Apple refuses what names no public host, such as `https://localhost`. */
function isVapidSubject(value: string): boolean {
  if (value.startsWith('mailto:')) return isEmailAddress(value.slice('mailto:'.length));
  if (value.length > LIMITS.urlChars) return false;
  return (
    isURL(value, { protocols: ['https'], require_protocol: true, disallow_auth: true }) && URL.canParse(value)
  );
}

/** Of the same site: neither another host (`//host`, `/\\host`) nor another scheme. */
function isPath(value: string): boolean {
  return value.length <= LIMITS.urlChars && /^\/(?![/\\])[\x21-\x7e]*$/.test(value);
}

/** Headers that Herald sets itself: a request may not. */
const RESERVED_HEADERS = new Set(
  (
    'from to cc bcc sender reply-to subject date message-id return-path received mime-version dkim-signature ' +
    'content-type content-transfer-encoding content-disposition content-id'
  ).split(' '),
);

/** Where four digits end: an offset can push a time over it, and then nobody else can read it. */
const YEAR_10000 = Date.UTC(10_000, 0);

const TIME_ZONES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('timeZone'));

function isTimeZone(value: string): boolean {
  if (TIME_ZONES.has(value)) return true;
  try {
    // Aliases such as "UTC" or "US/Pacific" are valid but not listed; offsets such as "+01:00" are not zones.
    new Intl.DateTimeFormat('en', { timeZone: value });
    return /^[A-Za-z]/.test(value);
  } catch {
    return false;
  }
}

function isLanguageTag(value: string): boolean {
  try {
    return Intl.getCanonicalLocales(value).length === 1;
  } catch {
    return false;
  }
}

function isEmailAddress(value: string): boolean {
  // validator throws for half of a surrogate pair, and takes line breaks in a quoted local part.
  return (
    !CONTROL.test(value) && (value as string & { isWellFormed(): boolean }).isWellFormed() && isEmail(value)
  );
}

/** `ada@example.com` or `Ada Lovelace <ada@example.com>`. */
export function parseMailbox(value: string): { name?: string; address: string } | undefined {
  if (value.length > MAX_MAILBOX_CHARS || CONTROL.test(value)) return undefined;
  const named = NAMED_ADDRESS.exec(value);
  if (!named) return isEmailAddress(value) ? { address: value } : undefined;
  const name = (named[1] ?? named[2] ?? '').trim();
  const address = named[3] as string;
  if (!isEmailAddress(address)) return undefined;
  return name ? { name, address } : { address };
}

/** Every string format of the public API: what both validators (class-validator and the compiled schema) check. */
export const FORMATS = {
  email: {
    check: isEmailAddress,
    wants: 'an e-mail address such as "ada@example.com"',
  },
  mailbox: {
    check: (v) => parseMailbox(v) !== undefined,
    wants: 'an e-mail address, with or without a name, such as "Ada <ada@example.com>"',
  },
  phone: {
    check: (v) => E164.test(v) && (parsePhoneNumberFromString(v)?.isValid() ?? false),
    wants: 'a valid phone number in E.164 form such as "+4915112345678"',
  },
  'http-url': {
    check: isHttpUrl,
    wants: `an http or https URL of at most ${LIMITS.urlChars} characters without credentials`,
  },
  'rfc3339-time': {
    check: (v) => isRFC3339(v) && isISO8601(v, { strict: true }) && Date.parse(v) < YEAR_10000,
    wants: 'an RFC 3339 time such as "2027-01-31T09:30:00Z"',
  },
  'language-tag': {
    check: isLanguageTag,
    wants: 'a BCP 47 language tag such as "de-DE"',
  },
  'time-zone': {
    check: isTimeZone,
    wants: 'an IANA time zone such as "Europe/Berlin"',
  },
  'single-line': {
    check: (v) => !CONTROL.test(v),
    wants: 'one line of text without control characters',
  },
  'header-name': {
    check: (v) =>
      v.length <= LIMITS.headerNameChars &&
      HEADER_NAME.test(v) &&
      !RESERVED_HEADERS.has(v.toLowerCase()) &&
      !isInheritedName(v),
    wants: 'a header name (letters, digits, hyphens) that Herald does not set itself',
  },
  'mime-type': {
    check: (v) => MIME_TYPE.test(v),
    wants: 'a media type such as "application/pdf"',
  },
  'file-name': {
    check: (v) => !CONTROL.test(v) && !/[/\\]/.test(v) && v !== '.' && v !== '..',
    wants: 'a file name without path separators or control characters',
  },
  base64: {
    check: (v) => v.length % 4 === 0 && BASE64.test(v),
    wants: 'standard base64 with padding',
  },
  'idempotency-key': {
    check: (v) => PRINTABLE_ASCII.test(v),
    wants: 'printable ASCII',
  },
  'map-key': {
    check: (v) => MAP_KEY.test(v) && v !== 'prototype' && !isInheritedName(v),
    wants: 'a key of letters, digits, "_", "-" and ".", and not a name that every object has',
  },
  uuid: {
    check: (v) => UUID.test(v),
    wants: 'a UUID',
  },
  text: {
    check: (v) => !UNPRINTABLE.test(v),
    wants: 'text without control characters other than line breaks and tabs',
  },
  'device-token': {
    check: (v) => VISIBLE_ASCII.test(v),
    wants: 'the token that the push service gave the app: visible ASCII without spaces',
  },
  'push-data-key': {
    check: (v) => MAP_KEY.test(v) && !isInheritedName(v) && !isReservedDataKey(v),
    wants: 'a key of letters, digits, "_", "-" and "." that push services do not use themselves',
  },
  'collapse-key': {
    check: (v) => PRINTABLE_ASCII.test(v),
    wants: 'printable ASCII, as push services take it',
  },
  'hex-color': {
    check: (v) => /^#[0-9a-f]{6}$/i.test(v),
    wants: 'a colour such as "#3366ff"',
  },
  'p256dh-key': {
    check: (v) => isBase64Url(v, 65) && Buffer.from(v, 'base64url')[0] === 4,
    wants: "the subscription's P-256 key: base64url of 65 bytes",
  },
  'auth-secret': {
    check: (v) => isBase64Url(v, 16),
    wants: "the subscription's auth secret: base64url of 16 bytes",
  },
  'web-push-topic': {
    check: (v) => /^[A-Za-z0-9_-]{1,32}$/.test(v),
    wants: 'at most 32 letters, digits, "_" and "-"',
  },
  'vapid-subject': {
    check: isVapidSubject,
    wants: 'how push services can reach you: an https URL or "mailto:" and an e-mail address',
  },
  'recipient-id': {
    check: (v) => v.length > 0 && v.length <= LIMITS.recipientIdChars && v.trim() === v && !CONTROL.test(v),
    wants: `your own id of the recipient: at most ${LIMITS.recipientIdChars} characters, without spaces around it`,
  },
  'category-name': {
    check: (v) => v.length <= LIMITS.inappCategoryChars && MAP_KEY.test(v),
    wants: `at most ${LIMITS.inappCategoryChars} letters, digits, "_", "-" and "."`,
  },
  'feed-cursor': {
    check: (v) => /^\d{1,15}$/.test(v),
    wants: 'a cursor of this feed, such as "12"',
  },
  link: {
    check: (v) => isPath(v) || isHttpUrl(v),
    wants: `an http or https URL, or a path such as "/orders/42", of at most ${LIMITS.urlChars} characters`,
  },
} as const satisfies Record<string, FormatRule>;
export type FormatName = keyof typeof FORMATS;
