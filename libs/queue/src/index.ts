export * from './connection';
export * from './delivery-queues';
export type { Payload, Take } from './fair-order';
export * from './lane-worker';
export * from './token-bucket';
