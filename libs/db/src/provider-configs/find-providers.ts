import { type Channel } from '@herald/contracts';
import { type Database } from '../connection/database';
import { ProviderConfig } from '../entities';

/** What a worker needs of a provider. `config` is sealed with the context `provider_configs:<id>`. */
export type EnabledProvider = Pick<
  ProviderConfig,
  'id' | 'type' | 'name' | 'config' | 'position' | 'weight' | 'limits' | 'breaker' | 'updatedAt'
>;

const COLUMNS = {
  id: true,
  type: true,
  name: true,
  config: true,
  position: true,
  weight: true,
  limits: true,
  breaker: true,
  updatedAt: true,
} as const satisfies Record<keyof EnabledProvider, true>;

/** A tenant's enabled providers of a channel, the one to use first first. */
export async function findEnabledProviders(
  db: Database,
  tenantId: string,
  channel: Channel,
): Promise<EnabledProvider[]> {
  return db.repository(ProviderConfig).find({
    select: COLUMNS,
    where: { tenantId, channel, enabled: true },
    order: { position: 'ASC', id: 'ASC' },
  });
}

/**
 * A provider by its id alone, whether enabled or not, with its tenant: for receipts, where the provider's signature is
 * what says who calls. Compare `tenantId` with that of whatever is changed on its word.
 */
export async function findProviderConfig(db: Database, id: string): Promise<ProviderConfig | undefined> {
  return (await db.repository(ProviderConfig).findOneBy({ id })) ?? undefined;
}
