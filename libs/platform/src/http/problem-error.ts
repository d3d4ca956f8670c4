import {
  type FieldError,
  PROBLEM_TYPES,
  type Problem,
  type ProblemType,
  problemTypeUri,
} from '@herald/contracts';
import { isError } from '../log/is-error';
import { isUnavailable } from '../net/unavailable';

export interface ProblemExtra {
  errors?: FieldError[];
  headers?: Record<string, string>;
  /** Any other member becomes an extension of the problem. */
  [extension: string]: unknown;
}

/** An answer that is a problem: thrown by handlers, turned into RFC 9457 by whoever answers. */
export class ProblemError extends Error {
  readonly status: number;
  readonly detail?: string;
  readonly errors?: FieldError[];
  readonly headers: Record<string, string>;
  readonly extensions: Record<string, unknown>;

  constructor(
    readonly type: ProblemType,
    detail?: string,
    { errors, headers, ...extensions }: ProblemExtra = {},
  ) {
    super(detail ?? PROBLEM_TYPES[type].title);
    this.name = 'ProblemError';
    this.status = PROBLEM_TYPES[type].status;
    this.detail = detail;
    this.errors = errors;
    this.headers = headers ?? {};
    this.extensions = extensions;
  }
}

/** More than can be done now: 503, and the client is to come back in a second. */
export function overloaded(): ProblemError {
  return new ProblemError('overloaded', undefined, { headers: { 'retry-after': '1' } });
}

/** What express and its parsers throw: http-errors, with a `type` when they come from a body parser. */
interface HttpLikeError extends Error {
  status: number;
  type?: string;
  limit?: number;
}

const BODY_PARSER_TYPES: Record<string, ProblemType> = {
  'entity.parse.failed': 'malformed-json',
  'entity.too.large': 'payload-too-large',
  'parameters.too.many': 'payload-too-large',
  'encoding.unsupported': 'unsupported-media-type',
  'charset.unsupported': 'unsupported-media-type',
};
const BY_STATUS: Record<number, ProblemType> = {
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
};

/**
 * What one answer tells of what is wrong. A body can have more faults than it has bytes to spare for each, and a name of
 * 100 kB can stand in every pointer: without a bound the answer would be thousands of times its request.
 */
const MAX_ERRORS = 100;
const MAX_POINTER_CHARS = 256;

function bounded(errors: FieldError[] | undefined): FieldError[] | undefined {
  return errors?.slice(0, MAX_ERRORS).map(({ pointer, detail }) => ({
    pointer: pointer.length > MAX_POINTER_CHARS ? `${pointer.slice(0, MAX_POINTER_CHARS)}…` : pointer,
    detail,
  }));
}

/** Any error as a problem. What is not known to be the client's doing or an outage says nothing about its cause. */
export function toProblem(error: unknown, requestId?: string): Problem {
  const { type, detail, errors, extensions } = toProblemError(error);
  return {
    type: problemTypeUri(type),
    title: PROBLEM_TYPES[type].title,
    status: PROBLEM_TYPES[type].status,
    detail,
    errors: bounded(errors),
    requestId,
    ...extensions,
  };
}

/** The headers that go with `toProblem` of the same error. */
export function problemHeaders(error: unknown): Record<string, string> {
  return error instanceof ProblemError ? error.headers : {};
}

function toProblemError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isClientError(error)) {
    const type = BODY_PARSER_TYPES[error.type ?? ''] ?? BY_STATUS[error.status] ?? 'bad-request';
    return new ProblemError(type, detailOf(type, error));
  }
  if (isUnavailable(error)) return new ProblemError('unavailable');
  return new ProblemError('internal');
}

function isClientError(error: unknown): error is HttpLikeError {
  const status = isError(error) ? (error as Partial<HttpLikeError>).status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500;
}

function detailOf(type: ProblemType, error: HttpLikeError): string | undefined {
  if (type === 'malformed-json') return jsonErrorDetail(error);
  if (type === 'payload-too-large' && error.limit) return `The body may have at most ${error.limit} bytes.`;
  return undefined;
}

/** Where a JSON text broke off, as far as the parser says; never the text itself. */
export function jsonErrorDetail(error: Error): string | undefined {
  const position = /at position (\d+)/.exec(error.message)?.[1];
  if (position !== undefined) return `The JSON is broken at character ${position}.`;
  return /end of JSON/.test(error.message) ? 'The JSON ends too early.' : undefined;
}
