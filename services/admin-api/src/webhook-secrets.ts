import { randomBytes } from 'node:crypto';
import {
  ADMIN_LIMITS,
  type CreatedWebhookSecretDto,
  type RotateWebhookSecretDto,
  type TenantPageQueryDto,
  type WebhookSecretDto,
} from '@herald/contracts';
import { type Database, listWebhookSecrets, rotateWebhookSecret, type WebhookSecret } from '@herald/db';
import { newId } from '@herald/domain';
import { type SecretBox } from '@herald/platform';
import { ID_CURSOR, pageOf } from './http/page';
import { forTenant } from './http/tenant-of';

/** Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32;

/** A new webhook secret: the text for the tenant, and the row with it sealed. */
export function newWebhookSecret(box: SecretBox): { secret: string; row: { id: string; secret: string } } {
  const id = newId(Date.now());
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
  return { secret, row: { id, secret: box.seal(secret, `webhook_secrets:${id}`) } };
}

export function webhookSecretHandlers({ db, box }: { db: Database; box: SecretBox }) {
  return {
    rotateWebhookSecret: forTenant<RotateWebhookSecretDto>(db, async (tenantId, { body }) => {
      const { secret, row } = newWebhookSecret(box);
      const overlap = body.overlapSeconds ?? ADMIN_LIMITS.defaultOverlapSeconds;
      const stored = await rotateWebhookSecret(db, tenantId, row, overlap);
      return { status: 201, body: { ...toView(stored), secret } satisfies CreatedWebhookSecretDto };
    }),

    listWebhookSecrets: forTenant<unknown, TenantPageQueryDto>(db, async (tenantId, { query }) => {
      const find = (page: { limit: number; before?: string }) => listWebhookSecrets(db, tenantId, page);
      return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view: toView }) };
    }),
  };
}

function toView({ id, createdAt, expiresAt }: WebhookSecret): WebhookSecretDto {
  return { id, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() };
}
