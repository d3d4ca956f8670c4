import { isUtf8 } from 'node:buffer';
import { type IncomingMessage } from 'node:http';
import { jsonErrorDetail, ProblemError } from './problem-error';

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/**
 * Reads the bytes of a JSON body from a raw request; undefined when there is none. Made for the hot path, which runs
 * ahead of Express, and used by every other route too, so that all answer alike.
 * @throws ProblemError 415 for another content type, charset or content encoding, 413 above the limit, 400 when it ends
 * early, and what `onPiece` throws
 * @param onPiece told the size of each piece before it is kept
 */
export async function readJsonBytes(
  req: IncomingMessage,
  limitBytes: number,
  onPiece?: (bytes: number) => void,
): Promise<Buffer | undefined> {
  if (!hasBody(req)) return undefined;
  checkType(req);
  if (Number(req.headers['content-length']) > limitBytes) throw tooLarge(limitBytes);
  const bytes = await readBytes(req, limitBytes, onPiece);
  return bytes.length === 0 ? undefined : bytes;
}

/** @throws ProblemError 400 when the bytes are not JSON or not UTF-8 */
export function parseJsonBytes(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new ProblemError('malformed-json', 'The body is not UTF-8.');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new ProblemError('malformed-json', jsonErrorDetail(error as Error));
  }
}

/** `readJsonBytes`, parsed. */
export async function readJsonBody(req: IncomingMessage, limitBytes: number): Promise<unknown> {
  const bytes = await readJsonBytes(req, limitBytes);
  return bytes === undefined ? undefined : parseJsonBytes(bytes);
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function checkType({ headers }: IncomingMessage): void {
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw new ProblemError('unsupported-media-type', 'The body must be application/json in UTF-8.');
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new ProblemError('unsupported-media-type', 'The body must not have a content encoding.');
  }
}

function readBytes(
  req: IncomingMessage,
  limitBytes: number,
  onPiece: (bytes: number) => void = () => undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let refused = false;
    // The rest is read and dropped, bounded by the request time-out: cutting the connection would often cost the client
    // the answer.
    const refuse = (error: unknown) => {
      refused = true;
      chunks.length = 0;
      reject(error);
    };
    req.on('data', (chunk: Buffer) => {
      if (refused) return;
      length += chunk.length;
      if (length > limitBytes) return refuse(tooLarge(limitBytes));
      try {
        onPiece(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        refuse(error);
      }
    });
    req.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    req.on('error', () => reject(endedEarly()));
    req.on('close', () => {
      if (!req.complete) reject(endedEarly());
    });
  });
}

function tooLarge(limitBytes: number): ProblemError {
  return new ProblemError('payload-too-large', `The body may have at most ${limitBytes} bytes.`, {
    limitBytes,
  });
}

function endedEarly(): ProblemError {
  return new ProblemError('bad-request', 'The connection closed before the body was complete.');
}
