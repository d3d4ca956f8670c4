import { type Metrics } from '@herald/platform';

/** What is known of the daily partitions. */
export function retentionMetrics(metrics: Metrics) {
  return {
    daysAhead: metrics.gauge({
      name: 'herald_partition_days_ahead',
      help: 'Days after today that have their partitions; -1 when today has none. Rows of other days go to the default ones.',
    }),
    defaultRows: metrics.gauge({
      name: 'herald_default_partition_rows',
      help: 'Rows in the default partition of a table, counted up to 10,000.',
      labels: ['table'],
    }),
    dropped: metrics.counter({
      name: 'herald_partitions_dropped_total',
      help: 'Partitions that were dropped because their day was past its retention.',
    }),
    waitingDays: metrics.gauge({
      name: 'herald_retention_waiting_days',
      help: 'Days past their retention that are kept because a delivery of theirs is still open.',
    }),
    busy: metrics.counter({
      name: 'herald_retention_busy_total',
      help: 'Times that a day could not be dropped because its tables were in use all the time.',
    }),
  };
}
export type RetentionMetrics = ReturnType<typeof retentionMetrics>;
