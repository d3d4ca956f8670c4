const { choice, dashboard } = require('./dashboard');
const { LIMITS } = require('./limits');
const { curves } = require('./panels');

const OF = 'channel=~"$channel"';
const rate = (metric, by, labels = OF) => `sum by (${by}) (rate(${metric}{${labels}}[$__rate_interval]))`;
const age = (lane) => `max by (channel) (herald_queue_oldest_age_seconds{${OF},lane="${lane}"})`;

const waiting = [
  curves({
    title: 'Oldest in critical',
    description: 'Any backlog here is felt at once. Webhooks do not page.',
    unit: 's',
    queries: [[age('critical'), '{{channel}}']],
    limits: [LIMITS.ageCritical],
  }),
  curves({
    title: 'Oldest in default',
    description: 'A paused channel grows too: look there first. Webhooks do not page.',
    unit: 's',
    queries: [[age('default'), '{{channel}}']],
    limits: [LIMITS.ageDefaultSoon, LIMITS.ageDefault],
  }),
  curves({
    title: 'Oldest in bulk',
    description: 'A campaign waits here and is no problem until it is late.',
    unit: 's',
    queries: [[age('bulk'), '{{channel}}']],
    limits: [LIMITS.ageBulk],
  }),
  curves({
    title: 'Deliveries that wait',
    description: 'Divide by what is worked off a second: that is how long the backlog lasts.',
    unit: 'short',
    queries: [[`max by (channel, lane) (herald_queue_deliveries{${OF}})`, '{{channel}} {{lane}}']],
  }),
  curves({
    title: 'Jobs by state',
    description:
      'A job is a ticket for about 50 deliveries. delayed are retries that wait for their time, no backlog.',
    unit: 'short',
    queries: [
      [
        `sum by (lane, state) (max by (channel, lane, state) (herald_queue_jobs{${OF}}))`,
        '{{lane}} {{state}}',
      ],
    ],
  }),
  curves({
    title: 'Claimed and not yet recorded',
    description:
      'Near WORKER_CONCURRENCY_… for each worker: more workers or more calls at once. High and nothing settled: a worker is stuck.',
    unit: 'short',
    queries: [[`sum by (channel, lane) (herald_deliveries_in_flight{${OF}})`, '{{channel}} {{lane}}']],
  }),
];

const flow = [
  curves({
    title: 'Planned',
    description: 'Deliveries that came in.',
    unit: 'cps',
    queries: [[rate('herald_deliveries_planned_total', 'channel, lane'), '{{channel}} {{lane}}']],
  }),
  curves({
    title: 'Settled',
    description: 'Deliveries that ended or were sent. Less than planned: the queue grows.',
    unit: 'cps',
    queries: [
      [
        rate('herald_deliveries_settled_total', 'channel, lane', `${OF},state!~"queued|scheduled"`),
        '{{channel}} {{lane}}',
      ],
    ],
  }),
  curves({
    title: 'Settled by state',
    description: 'queued and scheduled are retries.',
    unit: 'cps',
    queries: [[rate('herald_deliveries_settled_total', 'state'), '{{state}}']],
    stack: true,
  }),
  curves({
    title: 'Scheduled ones whose time came',
    description: 'Sent later by request, or retries that were minutes away.',
    unit: 'cps',
    queries: [[rate('herald_promoted_total', 'channel, lane'), '{{channel}} {{lane}}']],
  }),
];

const repairs = [
  curves({
    title: 'Put back by the relay, in 15 minutes',
    description: 'Normally 0. Many: Redis was away or emptied. The line is for the sum of all channels.',
    unit: 'short',
    queries: [
      [`sum by (channel, lane) (increase(herald_relay_rescued_total{${OF}}[15m]))`, '{{channel}} {{lane}}'],
    ],
    limits: [LIMITS.rescues],
  }),
  curves({
    title: 'Lost claims and fenced outcomes, in 15 minutes',
    description:
      'A few after a crash. Half an hour without a pause: workers are killed again and again, HeraldClaimsLost calls (ticket).',
    unit: 'short',
    queries: [
      [`sum by (channel) (increase(herald_lost_claims_total{${OF}}[15m]))`, '{{channel}} lost'],
      [`sum by (channel) (increase(herald_fenced_total{${OF}}[15m]))`, '{{channel}} fenced'],
    ],
  }),
  curves({
    title: 'Missing tickets and pauses, in 15 minutes',
    description: 'What a process left undone when it ended, or Redis forgot.',
    unit: 'short',
    queries: [
      [`sum by (channel) (increase(herald_tickets_added_total{${OF}}[15m]))`, '{{channel}} tickets'],
      [
        `sum by (channel, now) (increase(herald_pauses_repaired_total{${OF}}[15m]))`,
        '{{channel}} pause: {{now}}',
      ],
      ['sum(increase(herald_replay_ring_failures_total[15m]))', 'replays without a ring'],
    ],
  }),
  curves({
    title: 'Looks of the scheduler at pauses',
    description:
      'About one every two seconds for each scheduler. 0: the scheduler is stuck or Redis is away, and the figures of queues stand still.',
    unit: 'cps',
    queries: [['sum(rate(herald_pause_checks_total[$__rate_interval]))', 'looks']],
  }),
];

const keeping = [
  curves({
    title: 'Days ahead that have partitions',
    description: 'Normally 7.',
    unit: 'short',
    queries: [['min(herald_partition_days_ahead)', 'days']],
    limits: [LIMITS.daysAhead],
    below: true,
  }),
  curves({
    title: 'Rows in default partitions',
    description: 'Normally 0. Counted up to 10,000.',
    unit: 'short',
    queries: [['max by (table) (herald_default_partition_rows)', '{{table}}']],
    limits: [LIMITS.defaultRows],
  }),
  curves({
    title: 'Days past their retention that wait',
    description: 'Open deliveries keep them.',
    unit: 'short',
    queries: [['max(herald_retention_waiting_days)', 'days']],
    limits: [LIMITS.retentionWaiting],
  }),
  curves({
    title: 'Tries to drop a day that found its tables in use, in a day',
    description: 'A backup or a forgotten session.',
    unit: 'short',
    queries: [['sum(increase(herald_retention_busy_total[1d]))', 'tries']],
    limits: [LIMITS.retentionBusy],
  }),
  curves({
    title: 'Dropped in a day',
    description: 'Five partitions for each day that is past its retention, and items of feeds.',
    unit: 'short',
    queries: [
      ['sum(increase(herald_partitions_dropped_total[1d]))', 'partitions'],
      ['sum by (why) (increase(herald_feed_items_deleted_total[1d]))', 'feed items: {{why}}'],
    ],
  }),
];

exports.queues = dashboard({
  uid: 'herald-queues',
  title: 'Herald: queues and lanes',
  description:
    'What waits, what is worked off, what had to be repaired. The figures of queues come from the scheduler.',
  choices: [choice('channel', 'Channel', 'label_values(herald_queue_deliveries, channel)')],
  rows: [
    { title: 'What waits', panels: waiting },
    { title: 'In and out', panels: flow },
    { title: 'Repairs', panels: repairs },
    { title: 'Partitions and retention', panels: keeping },
  ],
});
