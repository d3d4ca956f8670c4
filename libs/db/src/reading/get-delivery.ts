import { type DeliveryDto } from '@herald/contracts';
import { sameMillisecondBounds } from '@herald/domain';
import { type Database } from '../connection/database';
import { DELIVERY_COLUMNS, type DeliveryRow } from './delivery-rows';
import { loadDeliveryViews } from './delivery-views';
import { type Owner } from './owner';

/** One of the owner's deliveries with its attempts and timeline; undefined when there is none with this id. */
export async function getDelivery(db: Database, owner: Owner, id: string): Promise<DeliveryDto | undefined> {
  const { low, high } = sameMillisecondBounds([id]);
  const rows = await db.rows<DeliveryRow & Record<string, unknown>>(
    `SELECT ${DELIVERY_COLUMNS}, n.send_at AS "sendAt"
     FROM deliveries d JOIN notifications n ON n.id = d.notification_id AND n.id BETWEEN $4::uuid AND $5::uuid
     WHERE d.id = $1 AND d.tenant_id = $2 AND d.live = $3`,
    [id, owner.tenantId, owner.live, low, high],
  );
  return (await loadDeliveryViews(db, rows))[0];
}
