import { type Metrics } from '@herald/platform';

/** What workers (and the scheduler, for lost claims) count. */
export function deliveryMetrics(metrics: Metrics) {
  return {
    attempts: metrics.counter({
      name: 'herald_attempts_total',
      help: 'Calls of providers by classified outcome.',
      labels: ['channel', 'provider', 'outcome'],
    }),
    settled: metrics.counter({
      name: 'herald_deliveries_settled_total',
      help: 'Deliveries by the state that an attempt or a guard left them in.',
      labels: ['channel', 'lane', 'state'],
    }),
    retries: metrics.counter({
      name: 'herald_retries_total',
      help: 'Deliveries that were put back for another attempt.',
      labels: ['channel', 'reason'],
    }),
    failovers: metrics.counter({
      name: 'herald_failovers_total',
      help: 'Deliveries that went on to another provider at once, by the provider that failed and why.',
      labels: ['channel', 'provider', 'reason'],
    }),
    postponed: metrics.counter({
      name: 'herald_postponed_total',
      help: 'Deliveries that were put off without a call: their providers fail too often, or have reached their limits.',
      labels: ['channel', 'reason'],
    }),
    breakers: metrics.counter({
      name: 'herald_breaker_changes_total',
      help: 'Circuit breakers of providers that this process saw open or close.',
      labels: ['channel', 'state'],
    }),
    deadLetters: metrics.counter({
      name: 'herald_dead_letters_total',
      help: 'Deliveries that became dead letters.',
      labels: ['channel', 'reason'],
    }),
    fenced: metrics.counter({
      name: 'herald_fenced_total',
      help: 'Outcomes that were not written because the lease had run out and someone else holds the delivery.',
      labels: ['channel'],
    }),
    providerSeconds: metrics.histogram({
      name: 'herald_provider_request_duration_seconds',
      help: 'How long providers take.',
      labels: ['channel', 'provider'],
    }),
    dueToSent: metrics.histogram({
      name: 'herald_accept_to_sent_seconds',
      help: 'From the time a delivery was first due (accepted, or sendAt) until a provider accepted it.',
      labels: ['channel', 'lane'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400],
    }),
    pausesRepaired: metrics.counter({
      name: 'herald_pauses_repaired_total',
      help: 'Lanes that Redis did not hold back, or held back, against what Postgres says: it lost its data, or a process ended between the two.',
      labels: ['channel', 'lane', 'now'],
    }),
    inFlight: metrics.gauge({
      name: 'herald_deliveries_in_flight',
      help: 'Deliveries that this process has claimed and not yet recorded.',
      labels: ['channel', 'lane'],
    }),
  };
}
export type DeliveryMetrics = ReturnType<typeof deliveryMetrics>;
