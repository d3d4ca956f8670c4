import { limitMetrics, type Metrics } from '@herald/platform';

/** What the realtime service counts beside its HTTP requests. */
export function realtimeMetrics(metrics: Metrics) {
  return {
    sockets: metrics.gauge({
      name: 'herald_realtime_sockets',
      help: 'Sockets of this process: waiting (no token yet) or open.',
      labels: ['state'],
    }),
    feeds: metrics.gauge({
      name: 'herald_realtime_feeds',
      help: 'Feeds that have at least one socket in this process.',
    }),
    sent: metrics.counter({
      name: 'herald_realtime_messages_sent_total',
      help: 'Messages to clients, by type: welcome, items, marked, token, error.',
      labels: ['type'],
    }),
    received: metrics.counter({
      name: 'herald_realtime_messages_received_total',
      help: 'Messages of clients, by type: hello, ack, mark, token, or bad.',
      labels: ['type'],
    }),
    closed: metrics.counter({
      name: 'herald_realtime_closes_total',
      help: 'Sockets that ended, by close code: ours if we closed it, else that of the client; 1006 is without one.',
      labels: ['code'],
    }),
    refused: metrics.counter({
      name: 'herald_realtime_upgrades_refused_total',
      help: 'Requests for a socket that did not get one: bad_request, full or stopping.',
      labels: ['reason'],
    }),
    push: metrics.histogram({
      name: 'herald_realtime_push_seconds',
      help:
        'How old news is when it is written to a socket: since the bell rang (or a poll found it), or since the item was ' +
        'created, by the clock of the database.',
      labels: ['since'],
    }),
    reads: metrics.counter({
      name: 'herald_realtime_reads_total',
      help: 'Reads of what changed in a feed: live (for all its sockets at once) or catch_up (for one that was behind).',
      labels: ['kind'],
    }),
    missed: metrics.counter({
      name: 'herald_realtime_missed_publishes_total',
      help: 'Changes that a poll found before the bell rang for them.',
    }),
    slow: metrics.counter({
      name: 'herald_realtime_slow_sockets_total',
      help: 'Times that a socket had so much unread that nothing more was sent until it had caught up.',
    }),
    confirmed: metrics.counter({
      name: 'herald_realtime_confirmed_items_total',
      help: 'Items that arrived at a client, by how: socket (acknowledged) or http (read).',
      labels: ['by'],
    }),
    unconfirmed: metrics.counter({
      name: 'herald_realtime_unconfirmed_items_total',
      help: 'Items that arrived at a client and could not be recorded as delivered.',
    }),
    ...limitMetrics(metrics),
  };
}
export type RealtimeMetrics = ReturnType<typeof realtimeMetrics>;
