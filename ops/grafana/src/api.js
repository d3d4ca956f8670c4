const { choice, dashboard } = require('./dashboard');
const { LIMITS } = require('./limits');
const { curves } = require('./panels');

const OF = 'service=~"$service",route!~"/livez|/readyz|/metrics"';
const rate = (metric, by, labels = OF) => `sum by (${by}) (rate(${metric}{${labels}}[$__rate_interval]))`;
const plain = (metric) => `sum(rate(${metric}[$__rate_interval]))`;
const slowest = (share, by) =>
  `histogram_quantile(${share}, ${rate('herald_http_request_duration_seconds_bucket', `${by}, le`)})`;

const requests = [
  curves({
    title: 'Requests',
    description: 'Of callers; probes and scrapes are left out.',
    unit: 'reqps',
    queries: [[rate('herald_http_requests_total', 'service'), '{{service}}']],
  }),
  curves({
    title: 'Answers by status',
    description:
      '401 and 403: a key that was revoked. 409 and 422: a caller. 429: its rate limit. 499: it hung up.',
    unit: 'reqps',
    queries: [[rate('herald_http_requests_total', 'status'), '{{status}}']],
    stack: true,
  }),
  curves({
    title: 'Time to answer, 99 of 100',
    description: 'From about a second (INTAKE_TARGET_MS) on, the ingest API lets fewer in.',
    unit: 's',
    queries: [[slowest('0.99', 'service'), '{{service}}']],
  }),
  curves({
    title: 'Answers that are errors',
    description:
      '5xx without 503. The log has an error for each, with the requestId that the caller was given.',
    unit: 'percentunit',
    queries: [['service:herald_http_requests_failed:ratio_5m{service=~"$service"}', '{{service}}']],
    limits: [LIMITS.apiErrors],
  }),
  curves({
    title: 'Answers that are 503',
    description: 'Too much work, or Postgres is away. All of them came with Retry-After.',
    unit: 'percentunit',
    queries: [['service:herald_http_requests_refused:ratio_5m{service=~"$service"}', '{{service}}']],
    limits: [LIMITS.apiRefuses],
  }),
  curves({
    title: 'Slowest routes, 99 of 100',
    description: 'One route alone: its query. All: Postgres or the processor.',
    unit: 's',
    queries: [[`topk(10, ${slowest('0.99', 'service, method, route')})`, '{{service}} {{method}} {{route}}']],
  }),
];

const intake = [
  curves({
    title: 'Notifications accepted',
    description: 'By lane, and by live and test keys.',
    unit: 'cps',
    queries: [
      [
        'sum by (lane, mode) (rate(herald_notifications_accepted_total[$__rate_interval]))',
        '{{lane}} {{mode}}',
      ],
    ],
  }),
  curves({
    title: 'Notifications per transaction',
    description:
      'It grows with load, and that is what keeps commits few. Small and slow: Postgres is the limit.',
    unit: 'short',
    queries: [
      [`${plain('herald_commit_batch_size_sum')} / (${plain('herald_commit_batch_size_count')} > 0)`, 'mean'],
      [
        'histogram_quantile(0.95, sum by (le) (rate(herald_commit_batch_size_bucket[$__rate_interval])))',
        '95 of 100',
      ],
    ],
  }),
  curves({
    title: 'Repeats and limits',
    description: 'Unchecked means that Redis does not answer: HeraldRedisAway calls (page).',
    unit: 'reqps',
    queries: [
      [plain('herald_idempotent_replays_total'), 'answered as before'],
      ['sum by (app) (rate(herald_rate_limited_total[$__rate_interval]))', '{{app}}: over a limit'],
      [plain('herald_rate_limit_unchecked_total'), 'unchecked'],
    ],
  }),
  curves({
    title: 'Flushes that Redis did not take',
    description: 'Above 0 for a minute HeraldRedisAway calls (page). The relay rings later; nothing is lost.',
    unit: 'cps',
    queries: [[plain('herald_enqueue_failures_total'), 'flushes']],
  }),
];

const sockets = [
  curves({
    title: 'Sockets',
    description:
      'waiting have sent no token yet: many of them are a client with a fault, or somebody who tries.',
    unit: 'short',
    queries: [
      ['sum by (state) (herald_realtime_sockets)', '{{state}}'],
      ['sum(herald_realtime_feeds)', 'feeds'],
    ],
  }),
  curves({
    title: 'Age of news when it is written, 99 of 100',
    description: 'ring: since the bell rang, or a poll found it. creation: since the item was made.',
    unit: 's',
    queries: [
      [
        'histogram_quantile(0.99, sum by (since, le) (rate(herald_realtime_push_seconds_bucket[$__rate_interval])))',
        'since {{since}}',
      ],
    ],
  }),
  curves({
    title: 'Sockets refused, full',
    description: 'More sockets than REALTIME_MAX_SOCKETS in a process.',
    unit: 'cps',
    queries: [['sum(rate(herald_realtime_upgrades_refused_total{reason="full"}[$__rate_interval]))', 'full']],
    limits: [LIMITS.realtimeRefuses],
  }),
  curves({
    title: 'Sockets closed, by code',
    description:
      'Many at once after a start is normal. 1006 without one: networks and proxies with short time-outs.',
    unit: 'cps',
    queries: [['sum by (code) (rate(herald_realtime_closes_total[$__rate_interval]))', '{{code}}']],
  }),
  curves({
    title: 'Messages',
    description: 'bad and error together: a client with a fault.',
    unit: 'cps',
    queries: [
      ['sum by (type) (rate(herald_realtime_messages_sent_total[$__rate_interval]))', 'sent: {{type}}'],
      [
        'sum by (type) (rate(herald_realtime_messages_received_total[$__rate_interval]))',
        'received: {{type}}',
      ],
    ],
  }),
  curves({
    title: 'Trouble of sockets',
    description: 'Missed publishes: Redis loses messages or was away. Not recorded: Postgres.',
    unit: 'cps',
    queries: [
      [plain('herald_realtime_missed_publishes_total'), 'missed publishes'],
      [plain('herald_realtime_slow_sockets_total'), 'slow sockets'],
      [plain('herald_realtime_unconfirmed_items_total'), 'arrived, not recorded'],
    ],
  }),
  curves({
    title: 'Reads of feeds, items that arrived',
    description: 'catch_up far above live: clients lose their sockets all the time.',
    unit: 'cps',
    queries: [
      ['sum by (kind) (rate(herald_realtime_reads_total[$__rate_interval]))', 'read: {{kind}}'],
      ['sum by (by) (rate(herald_realtime_confirmed_items_total[$__rate_interval]))', 'arrived: {{by}}'],
    ],
  }),
];

exports.api = dashboard({
  uid: 'herald-api',
  title: 'Herald: API and sockets',
  description: 'What callers, providers and the clients of in-app feeds are answered.',
  choices: [choice('service', 'Service', 'label_values(herald_http_requests_total, service)')],
  rows: [
    { title: 'Requests', panels: requests },
    { title: 'Accepting notifications', panels: intake },
    { title: 'Sockets of in-app feeds', panels: sockets },
  ],
});
