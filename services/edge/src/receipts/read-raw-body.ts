import { ProblemError } from '@herald/platform';
import { type Request, type Response, raw } from 'express';

/** What providers post: forms and JSON. */
export const FORM_OR_JSON = ['application/x-www-form-urlencoded', 'application/json'] as const;
/** Amazon SNS calls its JSON plain text; mail servers post bounces as the mail that they are. */
export const FORM_JSON_TEXT_OR_MAIL = [...FORM_OR_JSON, 'text/plain', 'message/rfc822'] as const;

/**
 * Gives a reader of bodies that must stay as they came, byte for byte, because they are signed.
 * @throws (by the promise) ProblemError 415 for another type, and what the parser throws: 413, 415 for a content
 * encoding, 400 when the client hangs up
 */
export function rawBodyReader(
  limitBytes: number,
  types: readonly string[],
): (req: Request, res: Response) => Promise<Buffer> {
  const accepted = [...types];
  const parse = raw({ type: accepted, limit: limitBytes, inflate: false });
  return async (req, res) => {
    if (req.is(accepted) === false) {
      throw new ProblemError('unsupported-media-type', `The body must be ${accepted.join(' or ')}.`);
    }
    await new Promise<void>((resolve, reject) => {
      parse(req, res, (error?: unknown) => (error ? reject(error as Error) : resolve()));
    });
    return Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
  };
}
