import { type AuthFailure, type RecipientPrincipal, unauthorized } from '@herald/platform';
import { type RecipientDoor } from '../auth/recipient-door';

const BEARER = /^bearer +(\S+) *$/i;
const MISSING = unauthorized('Send a recipient\'s token: "Authorization: Bearer …".');
const MALFORMED = unauthorized(
  'The Authorization header must be "Bearer" and a recipient\'s token.',
  'invalid_request',
);

/** Who sends this Authorization header. @throws when the tenant cannot be looked up */
export async function authenticateRecipient(
  door: RecipientDoor,
  authorization: string | undefined,
): Promise<RecipientPrincipal | AuthFailure> {
  if (authorization === undefined) return MISSING;
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) return MALFORMED;
  const admission = await door(token);
  if (!admission.ok) return unauthorized(admission.detail, 'invalid_token');
  return { kind: 'recipient', ...admission.feed };
}
