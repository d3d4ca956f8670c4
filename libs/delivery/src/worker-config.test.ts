import { ConfigError, loadConfig } from '@herald/platform';
import { WorkerConfig } from './worker-config';

it('does not take settings of providers for good: a cache without a time keeps them for ever', () => {
  expect(() => loadConfig(WorkerConfig, { WORKER_PROVIDER_CACHE_MS: '0' })).toThrow(ConfigError);
  expect(loadConfig(WorkerConfig, { WORKER_PROVIDER_CACHE_MS: '1' }).providerCacheMs).toBe(1);
});
