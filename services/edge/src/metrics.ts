import { type Metrics } from '@herald/platform';

/** What the edge counts beside its HTTP requests. */
export function edgeMetrics(metrics: Metrics) {
  return {
    receipts: metrics.counter({
      name: 'herald_receipts_total',
      help: 'Receipts of providers: applied, ignored (nothing new), unknown (no such delivery) or forged.',
      labels: ['provider', 'result'],
    }),
  };
}
export type EdgeMetrics = ReturnType<typeof edgeMetrics>;
