const { choice, dashboard } = require('./dashboard');
const { LIMITS } = require('./limits');
const { curves } = require('./panels');

const OF = 'job="herald",app=~"$app"';
const EACH = '{{app}} {{instance}}';

const processes = [
  curves({
    title: 'Answers Prometheus',
    description: 'Share of the last ten minutes. Up and down: it starts again and again.',
    unit: 'percentunit',
    max: 1,
    queries: [[`avg_over_time(up{${OF}}[10m])`, EACH]],
    limits: [LIMITS.processDown],
    below: true,
  }),
  curves({
    title: 'Running for',
    description: 'A saw is a process that ends again and again; all falling together is an upgrade.',
    unit: 's',
    queries: [[`time() - process_start_time_seconds{${OF}}`, EACH]],
  }),
  curves({
    title: 'Processes by service',
    description: 'Compare with how many there should be.',
    unit: 'short',
    queries: [[`count by (app) (up{${OF}} == 1)`, '{{app}}']],
  }),
  curves({
    title: 'Event-loop lag, 99 of 100',
    description: 'Over half a second for ten minutes: too much work for one processor, or something blocks.',
    unit: 's',
    queries: [[`max by (app, instance) (nodejs_eventloop_lag_p99_seconds{${OF}})`, EACH]],
    limits: [LIMITS.eventLoop],
  }),
  curves({
    title: 'Processor',
    description: '1 is one full core, and a Node process can hardly use more.',
    unit: 'percentunit',
    queries: [[`rate(process_cpu_seconds_total{${OF}}[$__rate_interval])`, EACH]],
  }),
  curves({
    title: 'Collecting garbage',
    description: 'Share of the time. Over a tenth for long: too little memory.',
    unit: 'percentunit',
    queries: [
      [`sum by (app, instance) (rate(nodejs_gc_duration_seconds_sum{${OF}}[$__rate_interval]))`, EACH],
    ],
  }),
];

const memory = [
  curves({
    title: 'Resident memory',
    description: 'What the limit of the container counts. It should level off within an hour of steady load.',
    unit: 'bytes',
    queries: [[`process_resident_memory_bytes{${OF}}`, EACH]],
  }),
  curves({
    title: 'Heap in use',
    description: 'The lower edge of the saw must not rise for hours.',
    unit: 'bytes',
    queries: [[`nodejs_heap_size_used_bytes{${OF}}`, EACH]],
  }),
  curves({
    title: 'Outside of the heap',
    description: 'Buffers: request bodies and sockets.',
    unit: 'bytes',
    queries: [[`nodejs_external_memory_bytes{${OF}}`, EACH]],
  }),
  curves({
    title: 'Open files, share of the limit',
    description: 'Each connection is one.',
    unit: 'percentunit',
    queries: [[`process_open_fds{${OF}} / process_max_fds{${OF}}`, EACH]],
  }),
];

const dependencies = [
  curves({
    title: 'Postgres and Redis, as each process sees them',
    description: '1 is reachable. One process alone: its network. All: the server.',
    unit: 'none',
    max: 1,
    queries: [[`herald_dependency_up{${OF}}`, '{{app}} {{instance}} {{dependency}}']],
  }),
  curves({
    title: 'Connections to Postgres',
    description: 'used and idle together, over all services, stay under max_connections.',
    unit: 'short',
    queries: [
      [
        `sum by (service, state) (herald_database_connections{${OF},state=~"used|idle"})`,
        '{{service}} {{state}}',
      ],
    ],
    stack: true,
  }),
  curves({
    title: 'Requests that wait for a connection',
    description: 'Above 0 for long: Postgres is slow, or the pool is too small.',
    unit: 'short',
    queries: [[`sum by (service) (herald_database_connections{${OF},state="awaited"})`, '{{service}}']],
  }),
];

exports.runtime = dashboard({
  uid: 'herald-runtime',
  title: 'Herald: runtime',
  description: 'Processes, memory, event loops, and what they depend on.',
  choices: [choice('app', 'Service', 'label_values(up{job="herald"}, app)')],
  rows: [
    { title: 'Processes', panels: processes },
    { title: 'Memory and files', panels: memory },
    { title: 'What they depend on', panels: dependencies },
  ],
});
