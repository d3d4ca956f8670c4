import { type HttpAnswer, retryAfter } from '../behaviours/respond';

/** One thing that is wrong with a request; `field` is a path such as `message.android.ttl`. */
export interface FieldViolation {
  field: string;
  description: string;
}

interface Meaning {
  status: string;
  /** FCM's own code, where it has one. */
  errorCode?: string;
  message: string;
}

/** What FCM says with an HTTP status (https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode). */
const MEANINGS: Record<number, Meaning> = {
  400: {
    status: 'INVALID_ARGUMENT',
    errorCode: 'INVALID_ARGUMENT',
    message: 'Request contains an invalid argument.',
  },
  401: {
    status: 'UNAUTHENTICATED',
    errorCode: 'THIRD_PARTY_AUTH_ERROR',
    message: 'Auth error from APNS or Web Push Service',
  },
  403: { status: 'PERMISSION_DENIED', errorCode: 'SENDER_ID_MISMATCH', message: 'SenderId mismatch' },
  404: { status: 'NOT_FOUND', errorCode: 'UNREGISTERED', message: 'Requested entity was not found.' },
  429: { status: 'RESOURCE_EXHAUSTED', errorCode: 'QUOTA_EXCEEDED', message: 'Quota exceeded.' },
  500: { status: 'INTERNAL', errorCode: 'INTERNAL', message: 'Internal error encountered.' },
  503: { status: 'UNAVAILABLE', errorCode: 'UNAVAILABLE', message: 'The service is currently unavailable.' },
};

const FCM_ERROR = 'type.googleapis.com/google.firebase.fcm.v1.FcmError';
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

/** FCM's answer for an HTTP status: its own error for the statuses that it has one for. */
export function statusError(status: number, seconds?: number): HttpAnswer {
  const { errorCode, message, ...rest } = MEANINGS[status] ?? {
    status: 'UNKNOWN',
    message: `HTTP ${status}`,
  };
  const details = errorCode ? [{ '@type': FCM_ERROR, errorCode }] : [];
  return errorAnswer(status, rest.status, message, details, retryAfter(seconds));
}

/** The answer for a request that has no good access token. */
export const unauthenticated = (): HttpAnswer =>
  errorAnswer(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.', []);

/** The answer for a project that the account is not of. */
export const permissionDenied = (projectId: string): HttpAnswer =>
  errorAnswer(
    403,
    'PERMISSION_DENIED',
    `Permission 'cloudmessaging.messages.create' denied on '${projectId}'.`,
    [],
  );

export const notFound = (path: string): HttpAnswer =>
  errorAnswer(404, 'NOT_FOUND', `There is no ${path} here.`, []);

/** The answer for a message that is wrong; the first violation speaks for all. */
export function invalidArgument(violations: FieldViolation[]): HttpAnswer {
  const details = [
    { '@type': FCM_ERROR, errorCode: 'INVALID_ARGUMENT' },
    { '@type': BAD_REQUEST, fieldViolations: violations },
  ];
  const message = violations[0]?.description ?? 'Request contains an invalid argument.';
  return errorAnswer(400, 'INVALID_ARGUMENT', message, details);
}

function errorAnswer(
  code: number,
  status: string,
  message: string,
  details: object[],
  headers: Record<string, string> = {},
): HttpAnswer {
  const error = { code, message, status, ...(details.length > 0 && { details }) };
  return jsonAnswer(code, { error }, headers);
}

export function jsonAnswer(status: number, body: object, headers: Record<string, string> = {}): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
    body: JSON.stringify(body),
  };
}
