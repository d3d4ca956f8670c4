import { type Metrics } from '@herald/platform';

/** What the edge counts beside its HTTP requests. */
export function edgeMetrics(metrics: Metrics) {
  return {
    receipts: metrics.counter({
      name: 'herald_receipts_total',
      help:
        'What providers said in their callbacks: applied, ignored (nothing new), unknown (no such delivery), confirmed ' +
        '(the provider asked whether it may send) or forged. Counted when it is applied.',
      labels: ['provider', 'result'],
    }),
    engagement: metrics.counter({
      name: 'herald_engagement_total',
      help: 'Events that providers told of, each once: deferred, opened, clicked, complained, unsubscribed.',
      labels: ['channel', 'event'],
    }),
    givenUp: metrics.counter({
      name: 'herald_receipts_given_up_total',
      help: 'Callbacks that could not be applied for a reason of ours and stay in the inbox until someone looks.',
    }),
    inbox: metrics.gauge({
      name: 'herald_receipt_inbox_callbacks',
      help: 'Callbacks of all edges that are stored and not applied yet, up to 10,000; without those given up.',
    }),
    inboxOldest: metrics.gauge({
      name: 'herald_receipt_inbox_oldest_seconds',
      help: 'How long the oldest of them has been waiting.',
    }),
  };
}
export type EdgeMetrics = ReturnType<typeof edgeMetrics>;
