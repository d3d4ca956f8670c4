import type { ServerResponse } from 'node:http';
import {
  type FieldError,
  PROBLEM_TYPES,
  type Problem,
  type ProblemType,
  problemTypeUri,
} from '@herald/contracts';

/** A problem (RFC 9457) of one of Herald's types. */
export function problem(type: ProblemType, detail: string, errors?: FieldError[]): Problem {
  const { title, status } = PROBLEM_TYPES[type];
  return { type: problemTypeUri(type), title, status, detail, ...(errors && { errors }) };
}

export const tooLarge = (limitBytes: number): Problem =>
  problem('payload-too-large', `The sandbox takes bodies of up to ${limitBytes} bytes.`);

/** What is wrong with a body (JSON pointers) or a query (names of parameters), all at once. */
export function invalid(errors: FieldError[]): Problem {
  const detail = errors.map(({ pointer, detail }) => `${pointer || 'the body'} ${detail}`).join('; ');
  return problem('validation', detail, errors);
}

/** Answers with a problem, unless an answer has begun. */
export function sendProblem(res: ServerResponse, value: Problem): void {
  if (res.headersSent || res.destroyed) return;
  const body = JSON.stringify(value);
  res.writeHead(value.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
  });
  res.end(body);
}
