export { IngestConfig, IntakeConfig } from './config';
export { type IngestOptions, type RunningIngest, startIngest } from './start-ingest';
export { ingestMetrics } from './metrics';
