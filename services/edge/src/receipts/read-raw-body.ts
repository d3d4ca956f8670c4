import { ProblemError } from '@herald/platform';
import { type Request, type Response, raw } from 'express';

const TYPES = ['application/x-www-form-urlencoded', 'application/json'];

/**
 * Gives a reader of bodies that must stay as they came, byte for byte, because they are signed: forms and JSON.
 * @throws (by the promise) ProblemError 415 for another type, and what the parser throws: 413, 415 for a content
 * encoding, 400 when the client hangs up
 */
export function rawBodyReader(limitBytes: number): (req: Request, res: Response) => Promise<Buffer> {
  const parse = raw({ type: TYPES, limit: limitBytes, inflate: false });
  return async (req, res) => {
    if (req.is(TYPES) === false) {
      throw new ProblemError('unsupported-media-type', `The body must be ${TYPES.join(' or ')}.`);
    }
    await new Promise<void>((resolve, reject) => {
      parse(req, res, (error?: unknown) => (error ? reject(error as Error) : resolve()));
    });
    return Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
  };
}
