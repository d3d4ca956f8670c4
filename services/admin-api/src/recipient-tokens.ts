import { ADMIN_LIMITS, type CreateRecipientTokenDto, type RecipientTokenDto } from '@herald/contracts';
import {
  type EncryptionKey,
  type Principal,
  ProblemError,
  type RouteContext,
  signRecipientToken,
} from '@herald/platform';

type Context = RouteContext<CreateRecipientTokenDto, unknown, Principal>;

export function recipientTokenHandlers({ keys }: { keys: readonly EncryptionKey[] }) {
  return {
    createRecipientToken: async ({ principal, body }: Context) => {
      if (principal.kind !== 'tenant' || !principal.live) {
        throw new ProblemError(
          'forbidden',
          'Only a live key can make these: what test keys post is in no feed.',
        );
      }
      const { recipient, ttlSeconds = ADMIN_LIMITS.defaultRecipientTokenSeconds } = body;
      const owner = { tenantId: principal.tenantId, recipient };
      const { token, expiresAt } = await signRecipientToken(keys, { ...owner, ttlSeconds });
      const view: RecipientTokenDto = { token, expiresAt: expiresAt.toISOString() };
      return { status: 201, body: view };
    },
  };
}
