export { SchedulerConfig, TimingConfig } from './config';
export { feedRetentionMetrics } from './feeds';
export { schedulerMetrics } from './metrics';
export { retentionMetrics } from './retention-metrics';
export { type SchedulerOptions, startScheduler } from './start-scheduler';
export { topTenantMetrics } from './top-tenants';
export { webhookEventMetrics } from './webhook-event-metrics';
