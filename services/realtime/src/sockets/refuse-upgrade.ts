import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';
import { problemHeaders, toProblem } from '@herald/platform';

/** Answers a request for a socket with a problem, on the bare connection, and ends it. */
export function refuseUpgrade(socket: Duplex, error: Error): void {
  const problem = toProblem(error, randomUUID());
  const body = JSON.stringify(problem);
  const headers = Object.entries(problemHeaders(error)).map(([name, value]) => `${name}: ${value}`);
  // Whoever hangs up meanwhile does not want the answer.
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${problem.requestId}`,
      'Cache-Control: no-store',
      'Connection: close',
      ...headers,
      '',
      body,
    ].join('\r\n'),
  );
}
