import { type ServerResponse } from 'node:http';
import { type Problem } from '@herald/contracts';
import { problemHeaders, toProblem } from './problem-error';

export type HeaderValues = Record<string, string | number | readonly string[]>;

/** How soon a client should try again when a part is down and nothing better is known. */
const RETRY_AFTER_SECONDS = '5';

/** Answers with JSON on a raw response; without a body when it is undefined. */
export function sendJson(
  res: ServerResponse,
  status: number,
  body?: unknown,
  headers: HeaderValues = {},
): void {
  const text = body === undefined ? undefined : JSON.stringify(body);
  send(res, status, text, { 'content-type': 'application/json; charset=utf-8', ...headers });
}

/**
 * Answers with RFC 9457 problem details. A 401 always has a challenge and a 503 always a Retry-After, as HTTP asks. An
 * answer that was begun cannot be taken back: the connection is cut, so that the client sees it as broken.
 */
export function sendProblem(res: ServerResponse, problem: Problem, headers: HeaderValues = {}): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  if (problem.status === 401 && !res.hasHeader('www-authenticate')) {
    res.setHeader('www-authenticate', 'Bearer realm="herald"');
  }
  if (problem.status === 503 && !res.hasHeader('retry-after'))
    res.setHeader('retry-after', RETRY_AFTER_SECONDS);
  send(res, problem.status, JSON.stringify(problem), {
    'content-type': 'application/problem+json',
    ...headers,
  });
}

/** `sendProblem` for any error, with its headers. */
export function sendError(res: ServerResponse, error: unknown, requestId?: string): void {
  sendProblem(res, toProblem(error, requestId), problemHeaders(error));
}

/** Answers with text or bytes as they are. */
export function send(
  res: ServerResponse,
  status: number,
  body: string | Buffer | undefined,
  headers: HeaderValues = {},
): void {
  // Answers are about one tenant's data at one moment.
  if (!res.hasHeader('cache-control')) res.setHeader('cache-control', 'no-store');
  for (const [name, value] of Object.entries(headers)) {
    if (body !== undefined || name !== 'content-type') res.setHeader(name, value as string);
  }
  res.statusCode = status;
  if (body === undefined) {
    if (status !== 204 && status !== 304) res.setHeader('content-length', 0);
    res.end();
    return;
  }
  res.setHeader('content-length', Buffer.byteLength(body));
  res.end(body);
}
