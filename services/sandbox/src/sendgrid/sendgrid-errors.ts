import type { HttpAnswer } from '../behaviours/respond';

/** One entry of an answer's `errors`. `field` is a path into the request such as `personalizations.0.to.0.email`. */
export interface SendgridError {
  message: string;
  field: string | null;
  help: string | null;
}

const HELP = 'https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors';

/** An error of a field, which is what a 400 is made of. */
export const fieldError = (field: string | null, message: string): SendgridError => ({
  message,
  field,
  help: field === null ? null : HELP,
});

/** What SendGrid says with a status, for those a test is likely to ask for. */
const MEANINGS: Record<number, string> = {
  400: 'Bad Request',
  401: 'The provided authorization grant is invalid, expired, or revoked',
  403: 'The from address does not match a verified Sender Identity.',
  404: 'The resource was not found.',
  405: 'The method is not allowed.',
  413: 'The request is too large.',
  415: 'The content type has to be application/json.',
  429: 'too many requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** The answer of an HTTP status alone. */
export const statusAnswer = (status: number, headers: Record<string, string> = {}): HttpAnswer =>
  errorAnswer(status, [fieldError(null, MEANINGS[status] ?? `Error ${status}`)], headers);

/** `{ errors: […] }` */
export const errorAnswer = (
  status: number,
  errors: SendgridError[],
  headers: Record<string, string> = {},
): HttpAnswer => jsonAnswer(status, { errors }, headers);

export function jsonAnswer(status: number, body: object, headers: Record<string, string> = {}): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
