const { choice, dashboard } = require('./dashboard');
const { LIMITS } = require('./limits');
const { curves } = require('./panels');

const OF = 'channel=~"$channel"';
const REAL = `${OF},provider!="simulated"`;
const rate = (metric, by, labels = OF) => `sum by (${by}) (rate(${metric}{${labels}}[$__rate_interval]))`;
const increase = (metric, by, window, labels = OF) =>
  `sum by (${by}) (increase(${metric}{${labels}}[${window}]))`;

const attempts = [
  curves({
    title: 'Attempts by outcome',
    description:
      'accepted is good. permanent-… is about one address or message; retry, ambiguous and config-halt are the provider.',
    unit: 'cps',
    queries: [
      [
        rate('herald_attempts_total', 'channel, provider, outcome', REAL),
        '{{channel}} {{provider}} {{outcome}}',
      ],
    ],
    w: 12,
  }),
  curves({
    title: 'Failing attempts by provider',
    description:
      'Share of ten minutes. One provider: its outage or its configuration. All at once: our network.',
    unit: 'percentunit',
    max: 1,
    queries: [[`channel_provider:herald_attempts_failed:ratio_10m{${OF}}`, '{{channel}} {{provider}}']],
    limits: [LIMITS.providerFails],
    w: 12,
  }),
  curves({
    title: 'How long providers take, 95 of 100',
    description: 'What a worker sends is its concurrency divided by this. It rises before a provider fails.',
    unit: 's',
    queries: [
      [
        `histogram_quantile(0.95, ${rate('herald_provider_request_duration_seconds_bucket', 'channel, provider, le')})`,
        '{{channel}} {{provider}}',
      ],
    ],
  }),
  curves({
    title: 'Failing by channel, with what was put off',
    description: 'High while single providers look well means that breakers hold everything back.',
    unit: 'percentunit',
    max: 1,
    queries: [[`channel:herald_attempts_failed:ratio_10m{${OF}}`, '{{channel}}']],
    limits: [LIMITS.channelFails],
  }),
  curves({
    title: 'Due to sent, 99 of 100',
    description: 'With retries: one provider that comes back after an hour shows an hour here.',
    unit: 's',
    queries: [
      [
        `histogram_quantile(0.99, ${rate('herald_accept_to_sent_seconds_bucket', 'channel, lane, le')})`,
        '{{channel}} {{lane}}',
      ],
    ],
  }),
];

const consequences = [
  curves({
    title: 'Retries',
    description: 'Deliveries that were put back, by reason.',
    unit: 'cps',
    queries: [[rate('herald_retries_total', 'channel, reason'), '{{channel}} {{reason}}']],
  }),
  curves({
    title: 'Went on to another provider',
    description: 'By the provider that failed. Users notice nothing, but the second one may cost more.',
    unit: 'cps',
    queries: [
      [rate('herald_failovers_total', 'channel, provider, reason'), '{{channel}} {{provider}} {{reason}}'],
    ],
  }),
  curves({
    title: 'Put off without a call',
    description:
      'breaker_open: no provider may be asked; for five minutes HeraldBreakerOpen calls (ticket). provider_limit: a limit that a tenant set.',
    unit: 'cps',
    queries: [[rate('herald_postponed_total', 'channel, reason'), '{{channel}} {{reason}}']],
  }),
  curves({
    title: 'Breakers that opened and closed, in half an hour',
    description: 'As many closed as opened is good. Each process counts what it saw.',
    unit: 'short',
    queries: [[increase('herald_breaker_changes_total', 'channel, state', '30m'), '{{channel}} {{state}}']],
    limits: [LIMITS.breakerOpens],
  }),
  curves({
    title: 'New dead letters in an hour',
    description: 'The reason says who has to act. Webhooks show here and do not call.',
    unit: 'short',
    queries: [[increase('herald_dead_letters_total', 'channel, reason', '1h'), '{{channel}} {{reason}}']],
    limits: [LIMITS.deadLetters],
  }),
  curves({
    title: 'Dead letters replayed and discarded, in an hour',
    description: 'The work of people.',
    unit: 'short',
    queries: [
      [increase('herald_dead_letters_replayed_total', 'channel', '1h'), '{{channel}} replayed'],
      [increase('herald_dead_letters_discarded_total', 'channel', '1h'), '{{channel}} discarded'],
    ],
  }),
];

const receipts = [
  curves({
    title: 'Receipts by result',
    description:
      'Providers that confirm send about as many as they take. unknown: older than the retention, or of another installation.',
    unit: 'cps',
    queries: [
      [
        'sum by (provider, result) (rate(herald_receipts_total[$__rate_interval]))',
        '{{provider}} {{result}}',
      ],
    ],
  }),
  curves({
    title: 'Refused signatures in 15 minutes',
    description: 'A wrong secret, a wrong EDGE_PUBLIC_URL, or somebody who pretends.',
    unit: 'short',
    queries: [['sum by (provider) (increase(herald_receipts_total{result="forged"}[15m]))', '{{provider}}']],
    limits: [LIMITS.receiptsForged],
  }),
  curves({
    title: 'No receipt in time, in an hour',
    description:
      'These went to another provider. HeraldReceiptsMissing calls when they are also over a tenth of what was sent.',
    unit: 'short',
    queries: [[`channel:herald_receipts_missing:increase1h{${OF}}`, '{{channel}}']],
    limits: [LIMITS.receiptsMissing],
  }),
  curves({
    title: 'Oldest callback that waits',
    description: 'Normally 0: callbacks are applied in milliseconds.',
    unit: 's',
    queries: [['max(herald_receipt_inbox_oldest_seconds)', 'oldest']],
    limits: [LIMITS.receiptsWait],
  }),
  curves({
    title: 'Callbacks that wait',
    description: 'Counted up to 10,000.',
    unit: 'short',
    queries: [['max(herald_receipt_inbox_callbacks)', 'callbacks']],
  }),
  curves({
    title: 'Callbacks given up, in an hour',
    description: 'They stay in the inbox until somebody looks.',
    unit: 'short',
    queries: [['sum(increase(herald_receipts_given_up_total[1h]))', 'given up']],
    limits: [LIMITS.receiptsGivenUp],
  }),
  curves({
    title: 'Opens, clicks, complaints',
    description: 'A rise of complained or unsubscribed is about what is sent, not about Herald.',
    unit: 'cps',
    queries: [[rate('herald_engagement_total', 'channel, event'), '{{channel}} {{event}}']],
  }),
];

const events = [
  curves({
    title: 'Events that became webhooks',
    description: "Herald's own events to tenants' endpoints, by type.",
    unit: 'cps',
    queries: [['sum by (type) (rate(herald_webhook_events_total[$__rate_interval]))', '{{type}}']],
  }),
  curves({
    title: 'Oldest event that waits',
    description: 'Normally under a second. It grows while Redis or the scheduler is away.',
    unit: 's',
    queries: [['max(herald_webhook_outbox_oldest_age_seconds)', 'oldest']],
    limits: [LIMITS.webhookEventsWait],
  }),
  curves({
    title: 'Events that wait, endpoints disabled',
    description:
      'Events are counted up to 10,000. An endpoint is disabled when it is gone or has failed for five days.',
    unit: 'short',
    queries: [
      ['max(herald_webhook_outbox_events)', 'events that wait'],
      [
        'sum by (reason) (increase(herald_webhook_endpoints_disabled_total[1h]))',
        'disabled in an hour: {{reason}}',
      ],
    ],
  }),
];

exports.channels = dashboard({
  uid: 'herald-channels',
  title: 'Herald: channels and providers',
  description: 'What providers do with what they are given, and what they tell later.',
  choices: [choice('channel', 'Channel', 'label_values(herald_queue_deliveries, channel)')],
  rows: [
    { title: 'Attempts', panels: attempts },
    { title: 'What came of failures', panels: consequences },
    { title: 'Receipts', panels: receipts },
    { title: 'Events to webhook endpoints of tenants', panels: events },
  ],
});
