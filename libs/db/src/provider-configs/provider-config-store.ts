import { type BreakerSetting, type Channel, type ProviderLimits } from '@herald/contracts';
import { type Database } from '../connection/database';
import { ProviderConfig } from '../entities';
import { type IdPage, idPage } from '../paging/id-page';

export interface NewProviderConfig {
  id: string;
  tenantId: string;
  channel: Channel;
  type: string;
  name: string;
  /** Sealed for its row id. */
  config: string;
  enabled: boolean;
  position: number;
  /** 100 when missing. */
  weight?: number;
  limits?: ProviderLimits | null;
  breaker?: BreakerSetting;
}

export type ProviderConfigChange = Partial<
  Pick<ProviderConfig, 'name' | 'config' | 'enabled' | 'position' | 'weight' | 'limits' | 'breaker'>
>;

/** How a write ended: a name is unique within a tenant's channel. */
export type ProviderConfigWrite =
  | { kind: 'written'; provider: ProviderConfig }
  | { kind: 'not-found' }
  | { kind: 'name-taken' };

export async function createProviderConfig(
  db: Database,
  provider: NewProviderConfig,
): Promise<ProviderConfigWrite> {
  return unlessNameTaken(async () => {
    const providers = db.repository(ProviderConfig);
    await providers.insert(provider);
    return { kind: 'written', provider: await providers.findOneByOrFail({ id: provider.id }) };
  });
}

export async function findTenantProviderConfig(
  db: Database,
  tenantId: string,
  id: string,
): Promise<ProviderConfig | undefined> {
  return (await db.repository(ProviderConfig).findOneBy({ tenantId, id })) ?? undefined;
}

export async function listProviderConfigs(
  db: Database,
  where: { tenantId: string; channel?: Channel },
  page: IdPage,
): Promise<ProviderConfig[]> {
  const { tenantId, channel } = where;
  return db
    .repository(ProviderConfig)
    .find(idPage<ProviderConfig>(channel ? { tenantId, channel } : { tenantId }, page));
}

/**
 * Changes a provider. `decide` gets the row as it is and gives what is to change; nobody else can change the row
 * meanwhile. What it throws leaves the row as it was.
 */
export async function updateProviderConfig(
  db: Database,
  tenantId: string,
  id: string,
  decide: (provider: ProviderConfig) => ProviderConfigChange,
): Promise<ProviderConfigWrite> {
  return unlessNameTaken(() =>
    db.dataSource.transaction(async (manager): Promise<ProviderConfigWrite> => {
      const lock = { mode: 'pessimistic_write' } as const;
      const provider = await manager.findOne(ProviderConfig, { where: { tenantId, id }, lock });
      if (!provider) return { kind: 'not-found' };
      const change = decide(provider);
      await manager.update(ProviderConfig, { tenantId, id }, { ...change, updatedAt: () => 'now()' });
      return { kind: 'written', provider: await manager.findOneByOrFail(ProviderConfig, { id }) };
    }),
  );
}

/** False when there is none. */
export async function deleteProviderConfig(db: Database, tenantId: string, id: string): Promise<boolean> {
  const { affected } = await db.repository(ProviderConfig).delete({ tenantId, id });
  return affected === 1;
}

const UNIQUE_VIOLATION = '23505';

async function unlessNameTaken(write: () => Promise<ProviderConfigWrite>): Promise<ProviderConfigWrite> {
  try {
    return await write();
  } catch (error) {
    const { driverError } = error as { driverError?: { code?: string } };
    if (driverError?.code === UNIQUE_VIOLATION) return { kind: 'name-taken' };
    throw error;
  }
}
