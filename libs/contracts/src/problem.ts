/** Problem types (RFC 9457). The URI is stable; titles and statuses are documented in docs/api. */
export const PROBLEM_TYPES = {
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'bad-request': { status: 400, title: 'The request cannot be understood' },
  unauthorized: { status: 401, title: 'No valid API key' },
  forbidden: { status: 403, title: 'The API key may not do this' },
  'invalid-signature': { status: 403, title: 'The signature does not match' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'request-timeout': { status: 408, title: 'The request did not come in time' },
  conflict: { status: 409, title: 'The state of the resource does not allow this' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported content type' },
  validation: { status: 422, title: 'The request is not valid' },
  'idempotency-mismatch': { status: 422, title: 'The idempotency key was used with another body' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The request line and headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  overloaded: { status: 503, title: 'Too much work at the moment' },
  unavailable: { status: 503, title: 'A part that Herald depends on is unavailable' },
} as const;
export type ProblemType = keyof typeof PROBLEM_TYPES;

/** One thing that is wrong with a request: where (JSON pointer, RFC 6901) and what is wanted. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** RFC 9457 problem details with our extensions. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance?: string;
  errors?: FieldError[];
  requestId?: string;
}

/** The `type` URI of a problem. A URN: it identifies and does not pretend to be a page. */
export function problemTypeUri(type: ProblemType): string {
  return `urn:herald:problem:${type}`;
}
