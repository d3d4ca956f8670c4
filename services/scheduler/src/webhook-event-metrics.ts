import { type Metrics } from '@herald/platform';

/** What is known of tenants' webhook endpoints. */
export function webhookEventMetrics(metrics: Metrics) {
  return {
    events: metrics.counter({
      name: 'herald_webhook_events_total',
      help: "Herald's own events that became webhooks to tenants' endpoints.",
      labels: ['type'],
    }),
    outboxDepth: metrics.gauge({
      name: 'herald_webhook_outbox_events',
      help: 'Events that are no webhooks yet, counted up to 10,000.',
    }),
    outboxOldestAge: metrics.gauge({
      name: 'herald_webhook_outbox_oldest_age_seconds',
      help: 'How long the oldest of them has waited.',
    }),
    disabled: metrics.counter({
      name: 'herald_webhook_endpoints_disabled_total',
      help: 'Endpoints that were disabled because they are gone or failed for five days.',
      labels: ['reason'],
    }),
  };
}
export type WebhookEventMetrics = ReturnType<typeof webhookEventMetrics>;
