import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { type Socket } from 'node:net';
import { type ProblemType } from '@herald/contracts';
import { ProblemError, toProblem } from './problem-error';

/** What Node's parser and its time-outs call an error; anything else is a bad request. */
const TYPES: Record<string, ProblemType> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'payload-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** How long a client may take to read the answer before the connection is cut. */
const LINGER_MS = 1000;

/**
 * Answers what is not HTTP, or did not come in time, with a problem and closes the connection. There is no request to
 * answer then, so it is written on the bare socket; nothing is when an answer has begun already.
 *
 * Nor is a connection that never said anything: a client may have begun to use it at this moment, and would take the
 * answer for that of its request.
 *
 * Cutting a connection that still brings data would make the client's system drop the answer unread, so what comes is
 * read and dropped for a moment.
 */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket, begun: boolean): void {
  if (socket.writableEnded) return;
  if (begun || socket.bytesRead === 0 || !socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = toProblem(new ProblemError(TYPES[error.code ?? ''] ?? 'bad-request'), requestId);
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
}
