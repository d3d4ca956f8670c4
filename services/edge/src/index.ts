export { createEdgeApp, type EdgeAppDeps } from './app';
export { EdgeConfig } from './config';
export { edgeMetrics } from './metrics';
export { type EdgeOptions, type RunningEdge, startEdge } from './start-edge';
