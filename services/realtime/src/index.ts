export { createRealtimeApp, type RealtimeAppDeps } from './app';
export { RealtimeConfig } from './config';
export { realtimeMetrics } from './metrics';
export { type RealtimeOptions, type RunningRealtime, startRealtime } from './start-realtime';
