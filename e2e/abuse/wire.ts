import http from 'node:http';
import { PROBLEM_TYPES, problemTypeUri } from '@herald/contracts';

export interface WireRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
}

export interface WireAnswer {
  status: number;
  contentType: string;
  body: string;
}

/** Long for an answer, short for someone who waits: one that takes longer hangs. */
const PATIENCE_MS = 15_000;
/** No answer to a single request with a wrong body needs more. */
const MAX_ANSWER_CHARS = 1024 * 1024;

const TYPES = new Map<unknown, number>(
  Object.entries(PROBLEM_TYPES).map(([slug, { status }]) => [problemTypeUri(slug as 'internal'), status]),
);

/** Sends a request as it is, without correcting anything, and reads the whole answer. */
export function sendAsIs(base: string, request: WireRequest, agent: http.Agent): Promise<WireAnswer> {
  const { hostname, port } = new URL(base);
  const { method, path, body } = request;
  // Node's client sends the body of a GET or DELETE without its length: those bytes would be a request of their own.
  const headers = { ...request.headers, ...(body && { 'content-length': body.length }) };
  return new Promise((resolve, reject) => {
    const req = http.request(
      { agent, hostname, port, method, path, headers, timeout: PATIENCE_MS },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('error', reject);
        res.on('end', () =>
          resolve({
            status: res.statusCode ?? 0,
            contentType: res.headers['content-type'] ?? '',
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    req.on('timeout', () => req.destroy(new Error(`No answer within ${PATIENCE_MS} ms`)));
    req.on('error', reject);
    req.end(body);
  });
}

/** What is wrong with an answer to a hostile request: nothing of it may be. */
export function faultsOf({ status, contentType, body }: WireAnswer): string[] {
  const faults: string[] = [];
  if (status < 200 || status >= 500) faults.push(`status ${status}`);
  if (body.length > MAX_ANSWER_CHARS) faults.push(`an answer of ${body.length} characters`);
  if (/\\n +at |node_modules|\.[jt]s:\d+/.test(body)) faults.push('a stack trace');
  if (status >= 400) faults.push(...problemFaults(status, contentType, body));
  return faults;
}

function problemFaults(status: number, contentType: string, body: string): string[] {
  if (contentType !== 'application/problem+json') return [`${status} as ${contentType || 'nothing'}`];
  const problem = parse(body);
  if (TYPES.get(problem.type) !== status || problem.status !== status) {
    return [`${status} with the problem ${JSON.stringify(problem.type)} ${problem.status}`];
  }
  return [];
}

function parse(text: string): { type?: unknown; status?: unknown } {
  try {
    return JSON.parse(text);
  } catch {
    return { type: 'no JSON' };
  }
}
