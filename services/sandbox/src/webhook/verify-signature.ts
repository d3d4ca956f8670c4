import type { IncomingHttpHeaders } from 'node:http';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';

/** Whether a request is signed as Standard Webhooks asks, and if not, why. */
export type SignatureCheck = { verified: true; reason: null } | { verified: false; reason: string };

const HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

const refused = (reason: string): SignatureCheck => ({ verified: false, reason });

/** Checks the signature against each of the accepted secrets (`whsec_…`); one that matches is enough. */
export function verifySignature(
  body: Buffer,
  headers: IncomingHttpHeaders,
  secrets: readonly string[],
): SignatureCheck {
  const missing = HEADERS.filter((name) => headers[name] === undefined);
  if (missing.length > 0) return refused(`missing ${missing.join(', ')}`);
  if (secrets.length === 0) return refused('the sandbox knows no secret to check with');
  const reasons = new Set(secrets.map((secret) => reasonAgainst(body, headers, secret)));
  if (reasons.has(null)) return { verified: true, reason: null };
  return refused([...reasons].join('; '));
}

/** Null when the signature holds. */
function reasonAgainst(body: Buffer, headers: IncomingHttpHeaders, secret: string): string | null {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false });
    return null;
  } catch (error) {
    return error instanceof WebhookVerificationError
      ? error.message
      : 'an accepted secret is not a whsec_ secret';
  }
}
