export * from './connection';
export * from './delivery-queues';
export * from './lane-worker';
export * from './token-bucket';
