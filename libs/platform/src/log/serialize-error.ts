import { isError } from './is-error';
import { scrubSecrets } from './scrub-secrets';

export interface SerializedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: SerializedError;
}

const MAX_CAUSES = 4;

/**
 * An error for the log: only what is known to be safe. Database errors carry the statement, its parameters and the row
 * they failed on as further properties, which hold addresses and bodies, so those stay out.
 */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!isError(error)) return { type: typeof error, message: 'Something that is no Error was thrown' };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.constructor.name,
    message: scrubSecrets(error.message),
    code: typeof code === 'string' || typeof code === 'number' ? String(code) : undefined,
    stack: error.stack === undefined ? undefined : scrubSecrets(error.stack),
    cause: isError(error.cause) && depth < MAX_CAUSES ? serializeError(error.cause, depth + 1) : undefined,
  };
}
