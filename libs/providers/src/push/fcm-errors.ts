import { type SendOutcome } from '@herald/domain';
import { type Exchange } from '../http/exchange';
import { networkFailure } from '../http/network-failure';
import { parseRetryAfter } from '../http/retry-after';
import { outcomeOf, type Verdict } from '../verdict';

/** Google asks for a minute at least where it gives no time (https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode). */
const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited', retryAfterMs: 60_000 };
const LATER: Verdict = { outcome: 'retry', reason: 'temporary_failure' };
const UNAVAILABLE: Verdict = { outcome: 'retry', reason: 'provider_unavailable' };
const UNREGISTERED: Verdict = {
  outcome: 'permanent-address',
  reason: 'unregistered',
  suppress: 'unregistered',
};
const BAD_TOKEN: Verdict = {
  outcome: 'permanent-address',
  reason: 'invalid_address',
  suppress: 'unregistered',
};
const CONTENT: Verdict = { outcome: 'permanent-content', reason: 'content_rejected' };
const CONFIG: Verdict = { outcome: 'config-halt', reason: 'provider_misconfigured' };

/** By the code of FCM's own error; those that are not here go by the HTTP status. */
const ERROR_CODES = new Map<string, Verdict>([
  ['UNREGISTERED', UNREGISTERED],
  ['INVALID_ARGUMENT', CONTENT],
  // The token is one of another project: others are not.
  ['SENDER_ID_MISMATCH', { ...CONFIG, ofMessage: true }],
  // What FCM needs for APNs is missing or wrong.
  ['THIRD_PARTY_AUTH_ERROR', CONFIG],
  ['QUOTA_EXCEEDED', SLOW_DOWN],
  ['UNAVAILABLE', UNAVAILABLE],
  ['INTERNAL', UNAVAILABLE],
]);

/** Without FCM's own error the account (401, 403), the project or the URL (404, 405) is wrong. */
const STATUSES: Record<number, Verdict> = {
  401: CONFIG,
  403: CONFIG,
  404: CONFIG,
  405: CONFIG,
  408: LATER,
  429: SLOW_DOWN,
};

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
/**
 * For most bad tokens FCM names no field: the code and the details are those of a bad message, and Google documents this
 * sentence as what tells them apart (https://firebase.google.com/docs/cloud-messaging/error-codes).
 */
const BAD_TOKEN_MESSAGE = 'The registration token is not a valid FCM registration token';
const TOKEN_FIELD = 'message.token';

/** How an exchange with FCM counts. */
export function fcmOutcome(exchange: Exchange, nowMs: number): SendOutcome {
  if (exchange.kind === 'failed') {
    const failure = networkFailure(exchange);
    // It is apiBaseUrl that leads to a forbidden address, and not the device.
    return failure.outcome === 'permanent-address' ? outcomeOf(CONFIG, failure) : failure;
  }
  const { status, headers, body } = exchange;
  if (status >= 200 && status < 300) return acceptance(status, body);
  const error = errorOf(body);
  const verdict = verdictOf(status, error);
  const outcome = outcomeOf(verdict, {
    code: error.code ? `fcm_${error.code}` : `http_${status}`,
    detail: error.message?.slice(0, 512),
    retryAfterMs: parseRetryAfter(headers['retry-after']),
  });
  return verdict === UNREGISTERED ? ({ ...outcome, goneSince: nowMs } as SendOutcome) : outcome;
}

/** Whether FCM refuses the access token: a new one may help, unless the 401 is about what is behind FCM. */
export function isTokenRefused(exchange: Exchange): boolean {
  return exchange.kind === 'answered' && exchange.status === 401 && errorOf(exchange.body).code === undefined;
}

function acceptance(status: number, body: string): SendOutcome {
  const { name } = parseObject(body);
  if (typeof name === 'string' && name !== '') return { outcome: 'accepted', providerMessageId: name };
  const detail = 'The answer is not that of FCM.';
  return { outcome: 'ambiguous', reason: 'provider_unavailable', code: `http_${status}`, detail };
}

function verdictOf(status: number, error: FcmError): Verdict {
  if (status === 400 && namesToken(error)) return BAD_TOKEN;
  const known = error.code === undefined ? undefined : ERROR_CODES.get(error.code);
  return known ?? STATUSES[status] ?? (status >= 500 ? UNAVAILABLE : status >= 400 ? CONTENT : CONFIG);
}

/** With another field beside the token it is our message that is wrong, and the token may be good. */
function namesToken({ code, message, fields }: FcmError): boolean {
  if (fields.length > 0) return fields.every((field) => field === TOKEN_FIELD);
  return code === 'INVALID_ARGUMENT' && message === BAD_TOKEN_MESSAGE;
}

interface FcmError {
  /** FCM's own code. */
  code?: string;
  message?: string;
  /** The fields that are named as wrong. */
  fields: unknown[];
}

/** `{ error: { code, message, status, details } }`; nothing for another body. */
function errorOf(body: string): FcmError {
  const { message, details } = { ...(parseObject(body).error as object) } as Record<string, unknown>;
  const entries = (Array.isArray(details) ? details : []).map((entry) => ({ ...(entry as object) }));
  const ofType = (type: string) =>
    entries.filter(
      (entry): entry is Record<string, unknown> => (entry as Record<string, unknown>)['@type'] === type,
    );
  const code = ofType(FCM_ERROR)[0]?.errorCode;
  const violations = ofType(BAD_REQUEST).flatMap(({ fieldViolations }) =>
    Array.isArray(fieldViolations) ? (fieldViolations as ({ field?: unknown } | null)[]) : [],
  );
  return {
    ...(typeof code === 'string' && /^[A-Z_]{1,50}$/.test(code) && { code }),
    ...(typeof message === 'string' && message && { message }),
    fields: violations.map((violation) => violation?.field),
  };
}

function parseObject(body: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(body) as object) };
  } catch {
    return {};
  }
}
