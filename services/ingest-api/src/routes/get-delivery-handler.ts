import { getDelivery } from '@herald/db';
import { type RouteResult } from '@herald/platform';
import { notFound, ownerOf, type ReadDeps, type TenantContext } from './read-deps';

export function getDeliveryHandler({ db }: ReadDeps) {
  return async ({ principal, params }: TenantContext): Promise<RouteResult> => {
    const delivery = await getDelivery(db, ownerOf(principal), params.id as string);
    if (!delivery) throw notFound('delivery');
    return { status: 200, body: delivery };
  };
}
