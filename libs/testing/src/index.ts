export {
  type HttpReceiver,
  type ReceivedRequest,
  type ReceiverAnswer,
  type ReceiverHandler,
  type ReceiverResponse,
  startHttpReceiver,
} from './http-receiver';
export * from './provider-contract';
export { type OwnServer, useOwnPostgres, useOwnRedis } from './servers/use-own-server';
export { useTestDatabase } from './servers/use-test-database';
export { useTestRedis } from './servers/use-test-redis';
export { type UntilOptions, until } from './until';
