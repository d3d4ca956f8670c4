export * from './breaker-board';
export * from './connection';
export * from './delivery-queues';
export type { Payload, Take } from './fair-order';
export type { GatesFound } from './lane-gates';
export * from './lane-worker';
export * from './send-limits';
export * from './token-bucket';
