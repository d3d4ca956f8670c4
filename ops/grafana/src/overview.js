const { dashboard } = require('./dashboard');
const { LIMITS } = require('./limits');
const { curves, figures, table } = require('./panels');

/** How much of what may be late is late: 1 uses it up in exactly 30 days. */
const burn = (window) =>
  `lane:herald_accept_to_sent_late:ratio_${window} / on (lane) (1 - lane:herald_accept_to_sent:objective)`;
const objectives =
  'On time is within 10 s in critical, 60 s in default and 2 h in bulk, from due to taken by a provider, without webhooks.';

const well = [
  figures({
    title: 'On time, last 30 days',
    description: `${objectives} The objectives are 99, 99 and 95 %.`,
    unit: 'percentunit',
    decimals: 2,
    queries: [
      [
        '1 - sum_over_time(lane:herald_accept_to_sent_late:rate5m[30d]) / sum_over_time(lane:herald_accept_to_sent_all:rate5m[30d])',
        '{{lane}}',
      ],
    ],
    noValue: 'nothing sent',
    w: 6,
  }),
  figures({
    title: 'Error budget left, 30 days',
    description: `1 is all of it, 0 none. ${objectives}`,
    unit: 'percentunit',
    decimals: 0,
    queries: [
      [
        '1 - (sum_over_time(lane:herald_accept_to_sent_late:rate5m[30d]) / sum_over_time(lane:herald_accept_to_sent_all:rate5m[30d])) / on (lane) (1 - lane:herald_accept_to_sent:objective)',
        '{{lane}}',
      ],
    ],
    colours: [
      [null, 'red'],
      [0, 'orange'],
      [0.25, 'green'],
    ],
    noValue: 'nothing sent',
    w: 6,
  }),
  figures({
    title: 'Postgres and Redis',
    description:
      'Whether every process that needs them reaches them. Down: HeraldPostgresAway or HeraldRedisAway calls (page).',
    unit: 'none',
    queries: [['min by (dependency) (herald_dependency_up{job="herald"})', '{{dependency}}']],
    mappings: [
      {
        type: 'value',
        options: { 0: { text: 'down', color: 'red', index: 0 }, 1: { text: 'up', color: 'green', index: 1 } },
      },
    ],
    colours: [
      [null, 'red'],
      [1, 'green'],
    ],
    w: 6,
  }),
  figures({
    title: 'Processes that answer',
    description:
      'Of each service, as Prometheus sees them. One that is gone altogether is missing here: HeraldServiceDown calls (page).',
    unit: 'percentunit',
    queries: [['avg by (app) (up{job="herald"})', '{{app}}']],
    colours: [
      [null, 'red'],
      [0.01, 'orange'],
      [1, 'green'],
    ],
    w: 6,
  }),
  table({
    title: 'Alerts that fire',
    description: 'None is good. What to do: docs/runbooks, the table of alerts.',
    unit: 'none',
    queries: [['ALERTS{alertname=~"Herald.*",alertstate="firing",severity!="heartbeat"}', '']],
    columns: ['alertname', 'severity', 'app', 'channel', 'lane', 'provider', 'reason', 'service', 'instance'],
    w: 24,
    h: 6,
  }),
];

const late = [
  curves({
    title: 'How fast the error budget burns, last hour',
    description:
      'Late deliveries of the last hour as a multiple of what is allowed. Critical and default page.',
    unit: 'none',
    queries: [[burn('1h'), '{{lane}}']],
    limits: [LIMITS.burnFast],
    w: 12,
  }),
  curves({
    title: 'How fast the error budget burns, last day',
    description: 'The same over a day: what a short look misses.',
    unit: 'none',
    queries: [[burn('1d'), '{{lane}}']],
    limits: [LIMITS.burnSlow],
    w: 12,
  }),
  curves({
    title: 'Due to sent, 99 of 100',
    description:
      'All channels but webhooks. Critical stays under a second while providers answer in that time.',
    unit: 's',
    queries: [
      [
        'histogram_quantile(0.99, sum by (lane, le) (rate(herald_accept_to_sent_seconds_bucket{channel!="webhook"}[$__rate_interval])))',
        '{{lane}}',
      ],
    ],
    w: 12,
  }),
  curves({
    title: 'Oldest waiting delivery',
    description: 'What users feel first. Bulk may wait, critical may not.',
    unit: 's',
    queries: [['max by (lane) (herald_queue_oldest_age_seconds{channel!="webhook"})', '{{lane}}']],
    limits: [LIMITS.ageCritical, LIMITS.ageDefault],
    w: 12,
  }),
];

const much = [
  curves({
    title: 'Notifications accepted',
    description: 'A sudden zero is a caller, a load balancer or the API.',
    unit: 'cps',
    queries: [['sum by (lane) (rate(herald_notifications_accepted_total[$__rate_interval]))', '{{lane}}']],
  }),
  curves({
    title: 'Sent by channel',
    description: 'Deliveries that a provider took. Compare with the same hour of other days.',
    unit: 'cps',
    queries: [
      [
        'sum by (channel) (rate(herald_deliveries_settled_total{state=~"sent|delivered"}[$__rate_interval]))',
        '{{channel}}',
      ],
    ],
  }),
  curves({
    title: 'Failing attempts by channel',
    description:
      'Share of attempts that failed because of the provider, or were put off by open breakers, in ten minutes.',
    unit: 'percentunit',
    max: 1,
    queries: [['channel:herald_attempts_failed:ratio_10m', '{{channel}}']],
    limits: [LIMITS.channelFails],
  }),
  curves({
    title: 'API answers that are errors',
    description: '5xx without 503, of callers. Each one is a fault of ours.',
    unit: 'percentunit',
    queries: [['service:herald_http_requests_failed:ratio_5m', '{{service}}']],
    limits: [LIMITS.apiErrors],
  }),
  curves({
    title: 'API answers that are 503',
    description: 'Overload, or Postgres is away.',
    unit: 'percentunit',
    queries: [['service:herald_http_requests_refused:ratio_5m', '{{service}}']],
    limits: [LIMITS.apiRefuses],
  }),
  curves({
    title: 'New dead letters in an hour',
    description: 'Somebody has to look at each. Webhooks, the affair of tenants, are left out.',
    unit: 'short',
    queries: [
      [
        'sum by (channel, reason) (increase(herald_dead_letters_total{channel!="webhook"}[1h]))',
        '{{channel}} {{reason}}',
      ],
    ],
    limits: [LIMITS.deadLetters],
  }),
];

/** Each scheduler shows the same tenants. */
const tenants = [
  curves({
    title: 'Tenants with the most deliveries',
    description:
      'Accepted in the last five minutes. `GET /v1/tenants/{id}` of the admin API tells who it is.',
    unit: 'short',
    queries: [['max by (tenant) (herald_top_tenant_deliveries)', '{{tenant}}']],
    w: 12,
  }),
  curves({
    title: 'Tenants with the most failures',
    description: 'Of the same deliveries: failed, dead letters, or not delivered by their receipt.',
    unit: 'short',
    queries: [['max by (tenant) (herald_top_tenant_failures) > 0', '{{tenant}}']],
    w: 12,
  }),
];

exports.overview = dashboard({
  uid: 'herald-overview',
  title: 'Herald: overview',
  description: 'Is Herald well, and if not, where to look next.',
  rows: [
    { title: 'Is it well?', panels: well },
    { title: 'In time?', panels: late },
    { title: 'How much, and how much fails?', panels: much },
    { title: 'Whose?', panels: tenants },
  ],
});
