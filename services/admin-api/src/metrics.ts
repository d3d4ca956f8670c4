import { limitMetrics, type Metrics } from '@herald/platform';

/** What the admin API counts beside its HTTP requests. */
export function adminMetrics(metrics: Metrics) {
  return {
    replayed: metrics.counter({
      name: 'herald_dead_letters_replayed_total',
      help: 'Dead letters that were put back in the queue.',
      labels: ['channel'],
    }),
    discarded: metrics.counter({
      name: 'herald_dead_letters_discarded_total',
      help: 'Dead letters that were given up on.',
      labels: ['channel'],
    }),
    ...limitMetrics(metrics),
    ringFailures: metrics.counter({
      name: 'herald_replay_ring_failures_total',
      help: 'Batches of replayed or discarded dead letters that Redis could not be told of; the relay rings for them.',
    }),
  };
}
export type AdminMetrics = ReturnType<typeof adminMetrics>;
