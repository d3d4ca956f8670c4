export * from './breaker-board';
export {
  createProducerConnection,
  createWorkerConnection,
  type RedisClient,
  untilConnected,
} from './connection';
export * from './delivery-queues';
export type { Payload, Take } from './fair-order';
export { FeedBell, type FeedNews, feedKeyOf } from './feed-bell';
export { FeedListener, type FeedListenerOptions } from './feed-listener';
export type { GatesFound } from './lane-gates';
export * from './lane-worker';
export type { RedisServers } from './redis-servers';
export * from './send-limits';
export * from './token-bucket';
