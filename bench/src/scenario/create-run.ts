import { createApiKey, type Database, Tenant } from '@herald/db';
import { lowestId, newId } from '@herald/domain';
import { newApiKey } from '@herald/platform';

/** A run has a tenant of its own: its rows are found by that, and nothing else is among them. */
export interface Run {
  /** Names the run in idempotency keys. */
  name: string;
  tenantId: string;
  /** All ids of the run's rows are above this one: a look-up by it reads no more than the run, however full the tables. */
  firstId: string;
  /** A test key: its deliveries go to the built-in provider that accepts at once and sends nothing. */
  apiKey: string;
}

/** More than any machine posts: the rate limit is asked at each request and never refuses. */
const NO_LIMIT = 100_000_000;

export async function createRun(db: Database, name: string): Promise<Run> {
  const now = Date.now();
  const tenantId = newId(now);
  const { key, hash, hint } = newApiKey('test');
  await db.repository(Tenant).insert({ id: tenantId, name });
  await createApiKey(db, {
    id: newId(Date.now()),
    tenantId,
    name,
    hash,
    hint,
    live: false,
    scopes: ['notifications:write'],
    burst: NO_LIMIT,
    perSecond: NO_LIMIT,
  });
  return { name, tenantId, firstId: lowestId(now), apiKey: key };
}
