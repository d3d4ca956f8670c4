import { type Metrics } from '@herald/platform';

/** What the scheduler counts and measures. */
export function schedulerMetrics(metrics: Metrics) {
  return {
    jobs: metrics.gauge({
      name: 'herald_queue_jobs',
      help: 'Jobs by lane; each is a ticket to work on about 50 deliveries.',
      labels: ['channel', 'lane', 'state'],
    }),
    deliveries: metrics.gauge({
      name: 'herald_queue_deliveries',
      help: 'Deliveries by lane that wait for a worker.',
      labels: ['channel', 'lane'],
    }),
    ticketsAdded: metrics.counter({
      name: 'herald_tickets_added_total',
      help: 'Jobs that were missing for deliveries that wait: a process ended between the two.',
      labels: ['channel', 'lane'],
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
    pauseChecks: metrics.counter({
      name: 'herald_pause_checks_total',
      help: 'How often pauses in Redis were compared with those in Postgres.',
    }),
    promoted: metrics.counter({
      name: 'herald_promoted_total',
      help: 'Scheduled deliveries whose time came.',
      labels: ['channel', 'lane'],
    }),
    unconfirmed: metrics.counter({
      name: 'herald_receipts_missing_total',
      help: 'Deliveries that got no receipt in the time that their request gave and went to another provider.',
      labels: ['channel', 'lane'],
    }),
  };
}
export type SchedulerMetrics = ReturnType<typeof schedulerMetrics>;
