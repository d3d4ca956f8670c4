import { type Database } from '../connection/database';
import { WebhookSecret } from '../entities';
import { type IdPage, idPage } from '../paging/id-page';

/**
 * Makes a secret the current one. The one that was current expires when the overlap ends; one that was expiring from an
 * earlier rotation expires at once, so two are live at most. Rotations of a tenant wait for each other.
 * @param replacement `secret` is sealed for its row id
 */
export async function rotateWebhookSecret(
  db: Database,
  tenantId: string,
  replacement: { id: string; secret: string },
  overlapSeconds: number,
): Promise<WebhookSecret> {
  return db.dataSource.transaction(async (manager) => {
    await manager.query('SELECT 1 FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
    await manager.query(
      `UPDATE webhook_secrets
       SET expires_at = CASE WHEN expires_at IS NULL THEN now() + $2::integer * interval '1 second' ELSE now() END
       WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > now())`,
      [tenantId, overlapSeconds],
    );
    await manager.insert(WebhookSecret, { ...replacement, tenantId });
    return manager.findOneByOrFail(WebhookSecret, { id: replacement.id });
  });
}

export async function listWebhookSecrets(
  db: Database,
  tenantId: string,
  page: IdPage,
): Promise<WebhookSecret[]> {
  return db.repository(WebhookSecret).find(idPage<WebhookSecret>({ tenantId }, page));
}

/** What a tenant's webhooks are signed with now, newest first. Sealed with the context `webhook_secrets:<id>`. */
export async function findLiveWebhookSecrets(
  db: Database,
  tenantId: string,
): Promise<{ id: string; secret: string }[]> {
  return db.rows<{ id: string; secret: string }>(
    `SELECT id, secret FROM webhook_secrets
     WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > now())
     ORDER BY expires_at DESC NULLS FIRST, id DESC`,
    [tenantId],
  );
}
