export { createEdgeApp, type EdgeAppDeps } from './app';
export { EdgeConfig } from './config';
export { type EdgeOptions, type RunningEdge, startEdge } from './start-edge';
export { edgeMetrics } from './metrics';
