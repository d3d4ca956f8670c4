import { limitMetrics, type Metrics } from '@herald/platform';

/** What the ingest API counts beside its HTTP requests. */
export function ingestMetrics(metrics: Metrics) {
  return {
    accepted: metrics.counter({
      name: 'herald_notifications_accepted_total',
      help: 'Notifications that became durable.',
      labels: ['lane', 'mode'],
    }),
    planned: metrics.counter({
      name: 'herald_deliveries_planned_total',
      help: 'Deliveries of accepted notifications.',
      labels: ['channel', 'lane'],
    }),
    replayed: metrics.counter({
      name: 'herald_idempotent_replays_total',
      help: 'Requests that were answered with the answer to an earlier one.',
    }),
    ...limitMetrics(metrics),
    enqueueFailures: metrics.counter({
      name: 'herald_enqueue_failures_total',
      help: 'Flushes whose jobs could not be put into Redis; the relay rings for them.',
    }),
    flushSize: metrics.histogram({
      name: 'herald_commit_batch_size',
      help: 'Notifications per transaction.',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200],
    }),
  };
}
export type IngestMetrics = ReturnType<typeof ingestMetrics>;
