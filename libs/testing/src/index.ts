export {
  type HttpReceiver,
  type ReceivedRequest,
  type ReceiverAnswer,
  type ReceiverHandler,
  type ReceiverResponse,
  startHttpReceiver,
} from './http-receiver';
export { type Child, type Exit, endChild, type LogLine, startChild, tail } from './processes/child';
export { type Answer, type Client, createClient, type RequestOptions } from './processes/client';
export { familyOf, stillRunning } from './processes/family';
export { freePorts } from './processes/free-ports';
export { newDataDir } from './processes/new-data-dir';
export { type OwnServers, type StoppableServer, startOwnServers } from './processes/own-servers';
export {
  canStartRedisTopologies,
  type RedisTopology,
  startRedisCluster,
  startSentinels,
} from './processes/redis-topologies';
export { type Service, startService } from './processes/service';
export { createKey, createTenant, demoTenantId, type TestTenant } from './processes/tenants';
export * from './provider-contract';
export { type OwnServer, useOwnPostgres, useOwnRedis } from './servers/use-own-server';
export { useTestDatabase } from './servers/use-test-database';
export { useTestRedis } from './servers/use-test-redis';
export { type UntilOptions, until } from './until';
