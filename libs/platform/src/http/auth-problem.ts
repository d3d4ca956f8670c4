import { type AuthFailure } from '../auth/principal';
import { ProblemError } from './problem-error';

/** An authentication or authorisation failure as its problem, with the challenge that RFC 6750 asks for. */
export function authProblem(failure: AuthFailure): ProblemError {
  return new ProblemError(failure.type, failure.detail, {
    headers: { 'www-authenticate': failure.challenge },
  });
}
