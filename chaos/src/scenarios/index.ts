import { NETWORK_SCENARIOS } from './network-scenarios';
import { POSTGRES_SCENARIOS } from './postgres-scenarios';
import { PROCESS_SCENARIOS } from './process-scenarios';
import { PROVIDER_SCENARIOS } from './provider-scenarios';
import { REDIS_SCENARIOS } from './redis-scenarios';
import { type Scenario } from './scenario';

export const SCENARIOS: readonly Scenario[] = [
  ...PROCESS_SCENARIOS,
  ...REDIS_SCENARIOS,
  ...POSTGRES_SCENARIOS,
  ...NETWORK_SCENARIOS,
  ...PROVIDER_SCENARIOS,
];

/** Those of a short run: the end-to-end tests have the loss of Postgres and of Redis. */
export const SHORT_SCENARIOS: readonly string[] = ['kill'];
