import type { IncomingMessage } from 'node:http';

export const MAX_BODY_BYTES = 1024 * 1024;

export type BodyOutcome = { type: 'body'; body: Buffer } | { type: 'too-large' } | { type: 'aborted' };

/** Reads a request's body up to `limit` bytes; what comes after the limit is thrown away unread into memory. */
export function readBody(req: IncomingMessage, limit = MAX_BODY_BYTES): Promise<BodyOutcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else chunks.length = 0;
    });
    req.on('end', () =>
      resolve(length > limit ? { type: 'too-large' } : { type: 'body', body: Buffer.concat(chunks, length) }),
    );
    req.on('error', () => resolve({ type: 'aborted' }));
    req.on('close', () => resolve({ type: 'aborted' }));
  });
}
