import { type ProviderEventType } from '@herald/contracts';
import { newId } from '@herald/domain';
import { type Database } from '../connection/database';
import { type IdPage } from '../paging/id-page';

/** What happened to a provider beside its deliveries. */
export interface ProviderEvent {
  id: string;
  type: ProviderEventType;
  detail: string | null;
  at: Date;
}

/** Notes an event; one of a provider that is gone is dropped. */
export async function addProviderEvent(
  db: Database,
  event: { providerId: string; type: ProviderEventType; detail?: string },
): Promise<void> {
  await db.rows(
    `INSERT INTO provider_events (id, tenant_id, provider_id, type, detail)
     SELECT $1, tenant_id, id, $3, $4 FROM provider_configs WHERE id = $2`,
    [newId(Date.now()), event.providerId, event.type, event.detail ?? null],
  );
}

/** A page of a provider's events, newest first. */
export async function listProviderEvents(
  db: Database,
  of: { tenantId: string; providerId: string },
  { limit, before }: IdPage,
): Promise<ProviderEvent[]> {
  return db.rows<ProviderEvent & Record<string, unknown>>(
    `SELECT id, type, detail, at FROM provider_events
     WHERE tenant_id = $1 AND provider_id = $2 AND ($3::uuid IS NULL OR id < $3::uuid)
     ORDER BY id DESC LIMIT $4`,
    [of.tenantId, of.providerId, before ?? null, limit],
  );
}

/** Deletes events that are older than 90 days, up to `limit`; gives how many. */
export async function deleteOldProviderEvents(db: Database, limit: number): Promise<number> {
  const rows = await db.rows(
    `DELETE FROM provider_events WHERE id IN (
       SELECT id FROM provider_events WHERE id < herald_uuid_floor(now() - interval '90 days') ORDER BY id LIMIT $1
     ) RETURNING id`,
    [limit],
  );
  return rows.length;
}
