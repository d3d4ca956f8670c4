import { addressKey } from '@herald/domain';
import { type EntityManager } from 'typeorm';
import { type Database } from '../connection/database';
import { WebhookEndpoint } from '../entities';
import { type IdPage, idPage } from '../paging/id-page';

export interface NewWebhookEndpoint {
  id: string;
  tenantId: string;
  live: boolean;
  url: string;
  description?: string;
  /** All when null. */
  events: string[] | null;
}

export interface WebhookEndpointChange {
  url?: string;
  description?: string;
  /** Null for all. */
  events?: string[] | null;
  enabled?: boolean;
}

/** Whose endpoints: of one tenant, and those of one mode unless it is left out. */
export interface EndpointOwner {
  tenantId: string;
  live?: boolean;
}

const whose = ({ tenantId, live }: EndpointOwner) => ({ tenantId, ...(live !== undefined && { live }) });

/** Creates an endpoint; undefined when the tenant has `max` already. Creations of a tenant wait for each other. */
export async function createWebhookEndpoint(
  db: Database,
  endpoint: NewWebhookEndpoint,
  max: number,
): Promise<WebhookEndpoint | undefined> {
  const { id, tenantId, url } = endpoint;
  return db.dataSource.transaction(async (manager) => {
    await manager.query('SELECT 1 FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
    if ((await manager.countBy(WebhookEndpoint, { tenantId })) >= max) return undefined;
    await manager.insert(WebhookEndpoint, { ...endpoint, urlKey: keyOf(tenantId, url) });
    await welcomeBack(manager, tenantId, url);
    return manager.findOneByOrFail(WebhookEndpoint, { id });
  });
}

export async function findWebhookEndpoint(
  db: Database,
  owner: EndpointOwner,
  id: string,
): Promise<WebhookEndpoint | undefined> {
  return (await db.repository(WebhookEndpoint).findOneBy({ ...whose(owner), id })) ?? undefined;
}

export async function listWebhookEndpoints(
  db: Database,
  owner: EndpointOwner,
  page: IdPage,
): Promise<WebhookEndpoint[]> {
  return db.repository(WebhookEndpoint).find(idPage<WebhookEndpoint>(whose(owner), page));
}

/**
 * Changes an endpoint; undefined when the owner has none with this id. Enabling it, or giving it another URL, forgets how
 * it answered before.
 */
export async function updateWebhookEndpoint(
  db: Database,
  owner: EndpointOwner,
  id: string,
  change: WebhookEndpointChange,
): Promise<WebhookEndpoint | undefined> {
  return db.dataSource.transaction(async (manager) => {
    const lock = { mode: 'pessimistic_write' } as const;
    const endpoint = await manager.findOne(WebhookEndpoint, { where: { ...whose(owner), id }, lock });
    if (!endpoint) return undefined;
    const { url, enabled } = change;
    const fresh = enabled === true || (url !== undefined && url !== endpoint.url);
    if (fresh) await welcomeBack(manager, owner.tenantId, url ?? endpoint.url);
    await manager.update(
      WebhookEndpoint,
      { id },
      {
        ...change,
        ...(url !== undefined && { urlKey: keyOf(owner.tenantId, url) }),
        ...(enabled === true && { disabledReason: null }),
        ...(enabled === false && endpoint.enabled && { disabledReason: 'manual' }),
        ...(fresh && { failingSince: null, failedAt: null }),
        updatedAt: () => 'now()',
      },
    );
    return manager.findOneByOrFail(WebhookEndpoint, { id });
  });
}

/** False when there is none. What is still to be sent to it is skipped. */
export async function deleteWebhookEndpoint(
  db: Database,
  owner: EndpointOwner,
  id: string,
): Promise<boolean> {
  const { affected } = await db.repository(WebhookEndpoint).delete({ ...whose(owner), id });
  return affected === 1;
}

/** Its owner says that the URL is there: that it once answered 410 is over. */
async function welcomeBack(manager: EntityManager, tenantId: string, url: string): Promise<void> {
  await manager.query(
    `DELETE FROM suppressions
     WHERE tenant_id = $1 AND live AND channel = 'webhook' AND address_key = $2 AND reason = 'endpoint_gone'`,
    [tenantId, keyOf(tenantId, url)],
  );
}

function keyOf(tenantId: string, url: string): Buffer {
  return Buffer.from(addressKey(tenantId, 'webhook', url), 'hex');
}
