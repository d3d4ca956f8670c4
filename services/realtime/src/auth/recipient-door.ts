import { type FeedRef } from '@herald/db';
import { type EncryptionKey, verifyRecipientToken } from '@herald/platform';
import { type TenantDoors } from './tenant-doors';

/** Whom a token lets in, until when by `Date.now`. */
export type Admission =
  | { ok: true; feed: FeedRef; expiresAt: number }
  | { ok: false; reason: 'expired' | 'invalid' | 'disabled'; detail: string };

/** @throws when the tenant cannot be looked up */
export type RecipientDoor = (token: string) => Promise<Admission>;

const DETAIL = {
  expired: "The recipient's token has expired.",
  invalid: "The recipient's token is not valid.",
  disabled: 'The tenant of the token is disabled.',
} as const;

/** Lets in who has a token of a tenant that is not disabled. */
export function recipientDoor(
  keys: readonly EncryptionKey[],
  tenants: Pick<TenantDoors, 'isOpen'>,
): RecipientDoor {
  return async (token) => {
    const verified = await verifyRecipientToken(keys, token);
    if (!verified.ok) return { ok: false, reason: verified.reason, detail: DETAIL[verified.reason] };
    const { tenantId, recipient, expiresAt } = verified;
    if (!(await tenants.isOpen(tenantId))) return { ok: false, reason: 'disabled', detail: DETAIL.disabled };
    return { ok: true, feed: { tenantId, recipient }, expiresAt: expiresAt.getTime() };
  };
}
