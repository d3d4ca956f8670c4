import { type Database, type Owner } from '@herald/db';
import { type Logger, ProblemError, type RouteContext, type TenantPrincipal } from '@herald/platform';
import { type DeliveryQueues } from '@herald/queue';

export interface ReadDeps {
  db: Database;
  queues: Pick<DeliveryQueues, 'ring' | 'hideDead'>;
  logger: Logger;
}

/** A request with a tenant's key and no body. */
export type TenantContext<Query = unknown> = RouteContext<unknown, Query, TenantPrincipal>;

/** A key sees what is its tenant's, and of that the live or the test things, as its own mode is. */
export function ownerOf({ tenantId, live }: TenantPrincipal): Owner {
  return { tenantId, live };
}

/** The same answer for what does not exist and for what is someone else's. */
export function notFound(what: 'notification' | 'delivery'): ProblemError {
  return new ProblemError('not-found', `There is no ${what} with this id.`);
}
