export { SchedulerConfig, TimingConfig } from './config';
export { type SchedulerOptions, startScheduler } from './start-scheduler';
export { schedulerMetrics } from './metrics';
