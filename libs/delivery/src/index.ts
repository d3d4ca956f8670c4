export * from './channel';
export * from './message';
export * from './metrics';
export * from './provider';
export * from './provider-pool';
export * from './start-channel-worker';
export * from './worker-config';
export * from './worker-service';
