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

/** Headers that Herald sets itself: a request may not. */
const RESERVED_HEADERS = new Set(
  (
    'from to cc bcc sender reply-to subject date message-id return-path received mime-version dkim-signature ' +
    'content-type content-transfer-encoding content-disposition content-id list-unsubscribe-post'
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
    check: (v) =>
      v.length <= LIMITS.urlChars &&
      isURL(v, {
        protocols: ['http', 'https'],
        require_protocol: true,
        require_tld: false,
        disallow_auth: true,
      }) &&
      URL.canParse(v),
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
} as const satisfies Record<string, FormatRule>;
export type FormatName = keyof typeof FORMATS;
