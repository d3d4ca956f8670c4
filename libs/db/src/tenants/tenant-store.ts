import { IsNull, Not } from 'typeorm';
import { type Database } from '../connection/database';
import { Tenant, WebhookSecret } from '../entities';
import { type IdPage, idPage } from '../paging/id-page';

/**
 * Creates a tenant and its first webhook secret together.
 * @param secret `secret` is sealed for its row id
 */
export async function createTenant(
  db: Database,
  tenant: { id: string; name: string },
  secret: { id: string; secret: string },
): Promise<Tenant> {
  return db.dataSource.transaction(async (manager) => {
    await manager.insert(Tenant, tenant);
    await manager.insert(WebhookSecret, { ...secret, tenantId: tenant.id });
    return manager.findOneByOrFail(Tenant, { id: tenant.id });
  });
}

export async function findTenant(db: Database, id: string): Promise<Tenant | undefined> {
  return (await db.repository(Tenant).findOneBy({ id })) ?? undefined;
}

/** The id of the tenant when there is exactly one. */
export async function findOnlyTenant(db: Database): Promise<string | undefined> {
  const tenants = await db.repository(Tenant).find({ select: { id: true }, take: 2 });
  return tenants.length === 1 ? tenants[0]?.id : undefined;
}

export async function listTenants(db: Database, page: IdPage): Promise<Tenant[]> {
  return db.repository(Tenant).find(idPage<Tenant>({}, page));
}

/** Renames, disables or enables a tenant; disabling a disabled one keeps its time. Undefined when there is none. */
export async function updateTenant(
  db: Database,
  id: string,
  change: { name?: string; disabled?: boolean },
): Promise<Tenant | undefined> {
  const tenants = db.repository(Tenant);
  if (change.name !== undefined) await tenants.update({ id }, { name: change.name });
  if (change.disabled === true) {
    await tenants.update({ id, disabledAt: IsNull() }, { disabledAt: () => 'now()' });
  } else if (change.disabled === false) {
    await tenants.update({ id, disabledAt: Not(IsNull()) }, { disabledAt: null });
  }
  return findTenant(db, id);
}
