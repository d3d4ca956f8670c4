import { type Channel, type Lane } from './channels';

/** What a job in Redis holds: a version and delivery ids. Ids only: no personal data leaves Postgres. */
export interface DeliveryJob {
  v: 1;
  ids: string[];
}

/** How many delivery ids a job carries at most: the queue's cost is per job, so a job carries a batch. */
export const MAX_IDS_PER_JOB = 50;

/** The queue of a channel's lane, e.g. `email-critical`. */
export function laneQueueName(channel: Channel, lane: Lane): `${Channel}-${Lane}` {
  return `${channel}-${lane}`;
}

/** The queue that shows a channel's dead letters in queue tools, e.g. `email-dead`. Nothing consumes it. */
export function deadQueueName(channel: Channel): `${Channel}-dead` {
  return `${channel}-dead`;
}

/** Job names, shown in queue tools and traces. */
export const DELIVER_JOB = 'deliver';
export const DEAD_JOB = 'dead-letter';
