export { IngestConfig, IntakeConfig } from './config';
export { ingestMetrics } from './metrics';
export { type IngestOptions, type RunningIngest, startIngest } from './start-ingest';
