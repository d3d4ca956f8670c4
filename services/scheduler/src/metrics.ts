import { type Metrics } from '@herald/platform';

/** What the scheduler counts and measures. */
export function schedulerMetrics(metrics: Metrics) {
  return {
    jobs: metrics.gauge({
      name: 'herald_queue_jobs',
      help: 'Jobs by lane; a job carries up to 50 deliveries.',
      labels: ['channel', 'lane', 'state'],
    }),
    oldestAge: metrics.gauge({
      name: 'herald_queue_oldest_age_seconds',
      help: 'How long the oldest waiting delivery of a lane has been due.',
      labels: ['channel', 'lane'],
    }),
    rescued: metrics.counter({
      name: 'herald_relay_rescued_total',
      help: 'Deliveries that the queue had lost or never had.',
      labels: ['channel', 'lane'],
    }),
    lostClaims: metrics.counter({
      name: 'herald_lost_claims_total',
      help: 'Deliveries whose worker stopped in the middle of an attempt.',
      labels: ['channel'],
    }),
    promoted: metrics.counter({
      name: 'herald_promoted_total',
      help: 'Scheduled deliveries whose time came.',
      labels: ['channel', 'lane'],
    }),
  };
}
export type SchedulerMetrics = ReturnType<typeof schedulerMetrics>;
