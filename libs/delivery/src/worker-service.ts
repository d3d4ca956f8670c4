import { type Channel } from '@herald/contracts';
import { type Database } from '@herald/db';
import {
  CryptoConfig,
  HttpConfig,
  LogConfig,
  Nested,
  PostgresConfig,
  RedisConfig,
  type RunningService,
  type SecretBox,
  type ServiceContext,
  ShutdownConfig,
  startOpsServer,
  TracingConfig,
} from '@herald/platform';
import { type ProviderSetting } from './provider-pool';
import { type ChannelWorkerOptions, startChannelWorker } from './start-channel-worker';
import { RetryConfig, WorkerConfig } from './worker-config';

/** What every worker service is configured with. */
export class WorkerServiceConfig {
  @Nested(() => HttpConfig) http: HttpConfig;
  @Nested(() => LogConfig) log: LogConfig;
  @Nested(() => TracingConfig) tracing: TracingConfig;
  @Nested(() => PostgresConfig) postgres: PostgresConfig;
  @Nested(() => RedisConfig) redis: RedisConfig;
  @Nested(() => CryptoConfig) crypto: CryptoConfig;
  @Nested(() => ShutdownConfig) shutdown: ShutdownConfig;
  @Nested(() => WorkerConfig) worker: WorkerConfig;
  @Nested(() => RetryConfig) retry: RetryConfig;
}

/** What differs from channel to channel. */
export type ChannelParts<C extends Channel> = Pick<
  ChannelWorkerOptions<C>,
  'channel' | 'definitions' | 'simulated' | 'findSettings' | 'receiptUrl'
>;

/** A worker as a service of its own: the channel's work, and a port for probes and metrics. */
export async function startWorkerService<C extends Channel>(
  context: ServiceContext<WorkerServiceConfig>,
  parts: ChannelParts<C>,
): Promise<RunningService> {
  const worker = await startChannelWorker<C>({ ...context, ...parts });
  const server = await startOpsServer(context);
  return {
    stop: async (deadlineMs) => {
      await worker.stop(deadlineMs);
      await server.close(1000);
    },
  };
}

/** A stored provider configuration whose secrets are sealed. */
export interface SealedProvider extends Omit<ProviderSetting, 'config' | 'version'> {
  config: string;
  updatedAt: Date;
}

/** Opens the sealed configurations of a tenant's providers. */
export function openSettings(box: SecretBox, sealed: readonly SealedProvider[]): ProviderSetting[] {
  return sealed.map(({ id, type, config, position, weight, limits, breaker, updatedAt }) => ({
    id,
    type,
    position,
    weight,
    limits,
    breaker,
    config: JSON.parse(box.open(config, `provider_configs:${id}`)) as object,
    version: updatedAt.toISOString(),
  }));
}

/** Finds a tenant's providers of a channel in the table of configurations. */
export function settingsFinder(
  box: SecretBox,
  channel: Channel,
  find: (db: Database, tenantId: string, channel: Channel) => Promise<SealedProvider[]>,
): (db: Database, tenantId: string) => Promise<ProviderSetting[]> {
  return async (db, tenantId) => openSettings(box, await find(db, tenantId, channel));
}
