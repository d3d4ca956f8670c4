import { type Database } from '../connection/database';
import { VapidKey } from '../entities';
import { type IdPage, idPage } from '../paging/id-page';

/** `privateKey` is sealed with the context `vapid_keys:<id>`. */
export type NewVapidKey = Pick<VapidKey, 'id' | 'tenantId' | 'subject' | 'publicKey' | 'privateKey'>;

/**
 * Adds a key, which is the newest one then; undefined when the tenant has `max` live ones already. The others end after
 * `retireOthersAfterSeconds`, or when they were to end if that is sooner; without it they go on. Creations of a tenant
 * wait for each other.
 */
export async function createVapidKey(
  db: Database,
  key: NewVapidKey,
  { max, retireOthersAfterSeconds }: { max: number; retireOthersAfterSeconds?: number },
): Promise<VapidKey | undefined> {
  const { id, tenantId } = key;
  return db.dataSource.transaction(async (manager) => {
    await manager.query('SELECT 1 FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tenantId]);
    const [{ live }]: [{ live: number }] = await manager.query(
      `SELECT count(*)::integer AS live FROM vapid_keys
       WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > now())`,
      [tenantId],
    );
    if (live >= max && retireOthersAfterSeconds !== 0) return undefined;
    if (retireOthersAfterSeconds !== undefined) {
      await manager.query(
        `UPDATE vapid_keys SET expires_at = LEAST(expires_at, now() + $2::integer * interval '1 second')
         WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > now())`,
        [tenantId, retireOthersAfterSeconds],
      );
    }
    await manager.insert(VapidKey, key);
    return manager.findOneByOrFail(VapidKey, { id });
  });
}

export async function findVapidKey(
  db: Database,
  tenantId: string,
  id: string,
): Promise<VapidKey | undefined> {
  return (await db.repository(VapidKey).findOneBy({ tenantId, id })) ?? undefined;
}

export async function listVapidKeys(db: Database, tenantId: string, page: IdPage): Promise<VapidKey[]> {
  return db.repository(VapidKey).find(idPage<VapidKey>({ tenantId }, page));
}

/** False when the tenant has none of this id. */
export async function updateVapidKey(
  db: Database,
  { tenantId, id }: { tenantId: string; id: string },
  change: Pick<VapidKey, 'subject' | 'privateKey'>,
): Promise<boolean> {
  const { affected } = await db.repository(VapidKey).update({ tenantId, id }, change);
  return affected === 1;
}

/** False when the tenant has none of this id. Browsers that subscribed with it cannot be reached any more. */
export async function deleteVapidKey(db: Database, tenantId: string, id: string): Promise<boolean> {
  const { affected } = await db.repository(VapidKey).delete({ tenantId, id });
  return affected === 1;
}

/** What a tenant's web pushes can be signed with now, newest first. Private keys are sealed: `vapid_keys:<id>`. */
export async function findLiveVapidKeys(
  db: Database,
  tenantId: string,
): Promise<{ id: string; subject: string; publicKey: string; privateKey: string }[]> {
  return db.rows(
    `SELECT id, subject, public_key AS "publicKey", private_key AS "privateKey" FROM vapid_keys
     WHERE tenant_id = $1 AND (expires_at IS NULL OR expires_at > now()) ORDER BY id DESC`,
    [tenantId],
  );
}
